import formbody from '@fastify/formbody';
import { bodyLimit, refuseUnknownQueries, serverOptions, useProblems } from '@ml-job-mesh/http-service';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import { clearRoutes } from './routes/clear-jobs.ts';
import { documentation } from './routes/documentation.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { describeInvalidInput } from './routes/input.ts';
import { jobRoutes } from './routes/job.ts';
import { listEventRoutes } from './routes/list-events.ts';
import { listRoutes } from './routes/list-jobs.ts';
import { logRoutes } from './routes/logs.ts';
import { queueRoutes } from './routes/queue.ts';
import { submitRoutes } from './routes/submit.ts';
import type { Job } from './state/kubernetes-objects.ts';
import type { TierContext } from './tier-context.ts';

/** What is not allowed is refused; Fastify would drop it. */
const inputOptions = {
  ajv: { customOptions: { removeAdditional: false } },
  schemaErrorFormatter: describeInvalidInput,
} satisfies FastifyServerOptions;

/** The app without its interface: what goes wrong before that is there can be logged already. */
export function createApp(options: FastifyServerOptions = {}): FastifyInstance {
  return fastify({ ...serverOptions, ...inputOptions, ...options } as FastifyServerOptions) as FastifyInstance;
}

/**
 * Adds a tier's HTTP interface to its app; it does no I/O of its own.
 * @param context the tier's values, the cluster and what is known of its jobs
 */
export async function addInterface(app: FastifyInstance, context: TierContext & { template: Job }): Promise<void> {
  app.setSerializerCompiler(() => JSON.stringify);
  useProblems(app);
  refuseUnknownQueries(app);
  await readEveryBody(app);
  await documentation(app, { tier: context.tier });
  await app.register(async (routes) => {
    const ofJobs = [submitRoutes, listRoutes, clearRoutes, jobRoutes, logRoutes, eventRoutes];
    for (const addRoutes of [...ofJobs, listEventRoutes, queueRoutes, healthRoutes]) addRoutes(routes, context);
  });
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
