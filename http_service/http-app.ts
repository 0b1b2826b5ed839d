// What every HTTP service of the mesh does alike: time-outs, request ids, the form of errors, the log of requests.
import { randomUUID } from 'node:crypto';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import { authenticate } from './clients.ts';
import { type ServiceError, toServiceError } from './errors.ts';
import { answerBrokenRequest, answerOddRequests, problemType, refusalOf } from './refusals.ts';
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
  // More than the proxies in front let through, so that it is they who refuse longer headers.
  http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 64 * 1_024 },
  requestIdHeader: false,
  genReqId: ({ headers }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
  },
  // An id of any length reaches its route, which says that there is no such thing.
  routerOptions: { ignoreTrailingSlash: true, maxParamLength: 64 * 1_024 },
  clientErrorHandler: answerBrokenRequest,
  // A path that cannot be decoded has no route, so no hook sees it.
  frameworkErrors: (error, request, reply) => {
    reply.header('x-request-id', request.id);
    sendProblem(error, request as FastifyRequest, reply as FastifyReply);
    logAnswer(request as FastifyRequest, reply as FastifyReply);
  },
  logController: new LogController({ disableRequestLogging: true }),
} satisfies FastifyServerOptions & { http: object };

/** Makes every answer carry its request's id, and every error a problem of RFC 9457. */
export function useProblems(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done(refusalOf(request.raw));
  });
  app.addHook('onResponse', (request, reply, done) => {
    logAnswer(request, reply);
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  answerOddRequests(app);
  answerUnknownPaths(app);
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const told = toServiceError(error, request.routeOptions?.bodyLimit);
  if (told.status >= 500) request.log.error(describeFault(told, error), told.message);
  if (told.retryAfterSeconds !== undefined) reply.header('retry-after', told.retryAfterSeconds);
  if (told.status === 401) reply.header('www-authenticate', authenticate);
  return reply.code(told.status).type(problemType).send(told.toProblem());
}

function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  const { method, url } = request;
  const ms = Math.round(reply.elapsedTime * 10) / 10;
  request.log.info({ method, url, status: reply.statusCode, ms }, 'answered');
}

/** What is logged of an error: where it came from only if nobody foresaw it, since outages would flood the log. */
function describeFault(told: ServiceError, error: unknown): object {
  const cause = told.cause ?? error;
  return told.code === 'internal_error' ? { code: told.code, err: cause } : { code: told.code, cause: String(cause) };
}
