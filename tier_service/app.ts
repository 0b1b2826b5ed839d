import { randomUUID } from 'node:crypto';
import formbody from '@fastify/formbody';
import { type FastifyInstance, type FastifyServerOptions, fastify, LogController } from 'fastify';
import { type ServiceError, toServiceError } from './errors.ts';
import type { Job } from './jobs/kubernetes-objects.ts';
import { clearRoutes } from './routes/clear-jobs.ts';
import { documentation } from './routes/documentation.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { jobRoutes } from './routes/job.ts';
import { listRoutes } from './routes/list-jobs.ts';
import { logRoutes } from './routes/logs.ts';
import { queueRoutes } from './routes/queue.ts';
import { submitRoutes } from './routes/submit.ts';
import { answerUnknownPaths } from './routes/unknown-paths.ts';
import type { TierContext } from './tier-context.ts';

/** A job is asked for in far less. */
const bodyLimit = 16 * 1_024;

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

/**
 * Builds a tier's HTTP interface from what it is given; it does no I/O of its own.
 * @param context the tier's values, the cluster and what is known of its jobs
 */
export async function buildApp(
  context: TierContext & { template: Job },
  options: FastifyServerOptions = {},
): Promise<FastifyInstance> {
  const app = fastify({ ...serverOptions, ...options } as FastifyServerOptions) as FastifyInstance;
  app.setSerializerCompiler(() => JSON.stringify);
  useProblems(app);
  await readEveryBody(app);
  await documentation(app, { tier: context.tier });
  await app.register(async (routes) => {
    const all = [submitRoutes, listRoutes, clearRoutes, jobRoutes, logRoutes, eventRoutes, queueRoutes, healthRoutes];
    for (const addRoutes of all) addRoutes(routes, context);
  });
  return app;
}

/** Whatever a body is labelled as, it reaches the route as text: there it is read for what it is. */
async function readEveryBody(app: FastifyInstance): Promise<void> {
  // Fastify refuses a label that is no media type before any parser is asked.
  app.addHook('onRequest', async ({ raw }) => {
    const type = raw.headers['content-type'];
    if (type !== undefined && !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
      raw.headers['content-type'] = 'text/plain';
    }
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, body, done) => done(null, body));
  await app.register(formbody, { bodyLimit, parser: (body) => body as never });
}
