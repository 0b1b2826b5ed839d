/** What the mesh's HTTP services share: errors, request ids, clients, metrics, the internal server, the environment. */

export { answers, textAnswer } from './answers.ts';
export { authenticate, type Clients, everybody, loadClients } from './clients.ts';
export { describeErrorCodes, keySecurity, markdownTable, pageOptions } from './documentation.ts';
export { readServiceEnvironment, type ServiceEnvironment, wholeNumber } from './environment.ts';
export { listErrors, listProxyErrors, problem, ServiceError } from './errors.ts';
export { createEventReaders, type EventReaders } from './event-readers.ts';
export {
  beginEventStream,
  eventBytes,
  eventStreamType,
  heartbeatMs,
  maxMissedHeartbeats,
  signOfLife,
  streamStopMs,
} from './event-stream.ts';
export { bodyLimit, serverOptions, useProblems } from './http-app.ts';
export { startInternalServer } from './internal-server.ts';
export { logDestination } from './log-destination.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { describeInvalidQuery, refuseUnknownQueries } from './queries.ts';
export { problemType } from './refusals.ts';
export { runService } from './run-service.ts';
export { shorten } from './shorten.ts';
export { endWithin, writeAndWait } from './slow-readers.ts';
