// What every HTTP service of the mesh does alike: time-outs, request ids, the form of errors, the log of requests.
import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';
import { type ServiceError, toServiceError } from './errors.ts';
import { answerUnknownPaths } from './unknown-paths.ts';

/** The longest body that a service reads, in bytes; a job is asked for in far less. */
export const bodyLimit = 16 * 1_024;

/**
 * Settings of every HTTP service of the mesh: nobody may take for ever to send a request or to read an answer, and a
 * request's id comes from the front proxy if that looks like one.
 */
export const serverOptions = {
  bodyLimit,
  requestTimeout: 10_000,
  // A reader that stands still is noticed at the second look, so after a minute.
  connectionTimeout: 30_000,
  keepAliveTimeout: 72_000,
  http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
  requestIdHeader: false,
  genReqId: ({ headers }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
  },
  routerOptions: { ignoreTrailingSlash: true },
  logController: new LogController({ disableRequestLogging: true }),
} satisfies FastifyServerOptions & { http: object };

/** Makes every answer carry its request's id, and every error a problem of RFC 9457. */
export function useProblems(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url } = request;
    request.log.info(
      { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 },
      'answered',
    );
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    const told = toServiceError(error);
    if (told.status >= 500) request.log.error(describeFault(told, error), told.message);
    if (told.retryAfterSeconds !== undefined) reply.header('retry-after', told.retryAfterSeconds);
    return reply.code(told.status).type('application/problem+json; charset=utf-8').send(told.toProblem());
  });
  answerUnknownPaths(app);
}

/** What is logged of an error: where it came from only if nobody foresaw it, since outages would flood the log. */
function describeFault(told: ServiceError, error: unknown): object {
  const cause = told.cause ?? error;
  return told.code === 'internal_error' ? { code: told.code, err: cause } : { code: told.code, cause: String(cause) };
}
