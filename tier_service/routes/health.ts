import { answers, problem } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { requireFresh, type TierContext } from '../tier-context.ts';

const Health = Type.Object({ status: Type.Literal('ok') });

/** `GET /{tier}/healthz` (alive) and `GET /{tier}/readyz` (the Kubernetes API answers and the watches are fresh). */
export function healthRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, cluster, quotaWatch } = context;
  const config = { takesAnyQuery: true };
  app.get(
    `/${tier.name}/healthz`,
    { schema: { summary: 'Alive', tags: ['health'], response: answers({ 200: Health }) }, logLevel: 'warn', config },
    async () => ({ status: 'ok' }),
  );
  app.get(
    `/${tier.name}/readyz`,
    {
      schema: {
        summary: 'Ready',
        tags: ['health'],
        response: answers({ 200: Health }, 'not_ready', 'cluster_unavailable'),
      },
      logLevel: 'warn',
      config,
    },
    async () => {
      requireFresh(context);
      await cluster.text('/readyz', { timeoutMs: 2_000 });
      if (quotaWatch?.size() === 0) {
        throw problem('not_ready', `there is no ResourceQuota in ${tier.places[0]!.namespace}, so no job is started`, {
          retryAfterSeconds: 5,
        });
      }
      return { status: 'ok' };
    },
  );
}
