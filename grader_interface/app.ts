/** The grader interface's routes. The app does no I/O of its own: pods come from a watch, logs and quotas from a reader. */
import type { Readable } from 'node:stream';
import {
  authenticate,
  type Clients,
  everybody,
  problem,
  ServiceError,
  serverOptions,
  useProblems,
} from '@ml-job-mesh/http-service';
import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify';
import type { ClusterFeed } from './cluster-feed.ts';
import type { PodWatch } from './pod-watch.ts';

/** A tier as the grader interface sees it: where its Jobs run, and how their names begin. */
export interface GradedTier {
  name: string;
  namespace: string;
  podNamePrefix: string;
}

export const gradedTiers: GradedTier[] = tierNames.map((name) => ({
  name,
  namespace: `${name}-service`,
  podNamePrefix: `${name}-job-template`,
}));

export interface GraderAppOptions {
  pods: Pick<PodWatch, 'hasSynced' | 'staleForMs' | 'json' | 'newestSucceeded'>;
  feed: Pick<ClusterFeed, 'staleness' | 'jsonFor' | 'readers'>;
  /** The complete log of a pod's container, as the API server sends it. */
  readLog: (namespace: string, pod: string, container: string | undefined) => Promise<Readable>;
  /** What `kubectl describe quota` prints for a namespace. */
  readQuotas: (namespace: string) => Promise<string>;
  /** Who may ask for what tells of jobs; everybody if left out. */
  clients?: Clients;
  logger?: FastifyServerOptions['logger'];
}

/** The pods may be this old before `/config` says that it does not know. */
const MAX_STALE_MS = 1_000;
const RETRY_AFTER_SECONDS = 1;

/** Builds the app; the one who calls it lets it listen. */
export function buildGraderApp(options: GraderAppOptions): FastifyInstance {
  const { pods, feed, readLog, readQuotas, clients = everybody, logger = false } = options;
  const app = fastify({ ...serverOptions, logger } as FastifyServerOptions);
  useProblems(app);

  const isFresh = () => pods.staleForMs() <= MAX_STALE_MS;
  const staleness = () => (pods.hasSynced() ? 'the watch on the pods is broken' : 'the pods have not been listed yet');

  // Called far more often than anything else: no line in the log for each success.
  app.get('/config', { logLevel: 'warn' }, (request, reply) => {
    const client = clients.identify(request);
    if (!isFresh()) throw problem('not_ready', staleness(), { retryAfterSeconds: RETRY_AFTER_SECONDS });
    reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store');
    return reply.send(pods.json(client));
  });

  const requireKnownCluster = () => {
    const stale = feed.staleness();
    if (stale) throw stale;
  };

  app.get('/cluster', { logLevel: 'warn' }, (request, reply) => {
    const client = clients.identify(request);
    requireKnownCluster();
    reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store');
    return reply.send(feed.jsonFor(client));
  });

  app.get('/cluster/events', async (request, reply) => {
    const client = clients.identify(request);
    requireKnownCluster();
    return feed.readers.open(request, reply, client);
  });

  for (const tier of gradedTiers) {
    app.get(`/${tier.name}/logs`, { errorHandler: replyUnauthorized }, async (request, reply) => {
      const client = clients.identify(request);
      if (!isFresh()) return replyNoLog(reply, 500, `the log cannot be read: ${staleness()}`);
      const pod = pods.newestSucceeded(tier.namespace, tier.podNamePrefix, client);
      if (!pod) return replyNoLog(reply, 404, `no pod of ${tier.namespace} has succeeded yet`);
      const name = pod.metadata?.name ?? '';
      try {
        const log = await readLog(tier.namespace, name, pod.spec?.containers[0]?.name);
        return replyText(reply, log);
      } catch (error) {
        request.log.error(error, 'the log cannot be read');
        return replyNoLog(reply, 500, `the log of ${name} cannot be read: ${(error as Error).message}`);
      }
    });

    app.get(`/${tier.name}/resource-quota`, async (_, reply) => replyText(reply, await readQuotas(tier.namespace)));
  }

  for (const prefix of ['', '/grader']) {
    app.get(`${prefix}/healthz`, { logLevel: 'warn' }, async () => ({ status: 'ok' }));
    app.get(`${prefix}/readyz`, { logLevel: 'warn' }, async () => {
      if (!isFresh()) throw problem('not_ready', staleness(), { retryAfterSeconds: RETRY_AFTER_SECONDS });
      return { status: 'ready' };
    });
  }
  return app;
}

function replyText(reply: FastifyReply, text: string | Readable): FastifyReply {
  return reply.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'no-store').send(text);
}

/** Without a known API key, where keys are on; any other error is answered as everywhere. */
function replyUnauthorized(error: unknown, _: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!(error instanceof ServiceError) || error.status !== 401) throw error;
  return reply.code(401).header('www-authenticate', authenticate).send({ error: error.message });
}

/** The two log calls keep the shape that graders know. */
function replyNoLog(reply: FastifyReply, status: 404 | 500, error: string): FastifyReply {
  return reply.code(status).send({ error });
}
