import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { podAmounts } from '../admission/resources.ts';
import { placesIn } from '../admission/room.ts';
import type { Job } from '../state/kubernetes-objects.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { recentWaits } from '../views/recent-waits.ts';

const Queue = Type.Object({
  running: Type.Integer({ description: 'Jobs that have a place.' }),
  waiting: Type.Integer(),
  limit: Type.Union([Type.Integer(), Type.Null()], {
    description: 'How many the quota lets run at a time; null where nothing limits them.',
  }),
  recent_waits_seconds: Type.Array(Type.Number(), {
    description: 'How long the last ones waited, newest first, at most 10.',
  }),
});

/** `GET /{tier}/queue`. */
export function queueRoutes(app: FastifyInstance, context: TierContext & { template: Job }): void {
  const { tier, index, clients, quotaWatch, template } = context;
  const schema = {
    summary: 'The queue',
    tags: ['queue'],
    response: answers({ 200: Queue }, 'unauthorized', 'cluster_unavailable'),
  };
  const ask = podAmounts(template.spec!.template.spec as Parameters<typeof podAmounts>[0]);
  app.get(`/${tier.name}/queue`, { schema }, async (request) => {
    clients.identify(request);
    requireFresh(context);
    return {
      running: index.counts.starting + index.counts.running,
      waiting: index.counts.queued,
      limit: quotaWatch ? placesIn(ask, quotaWatch.values()) : null,
      recent_waits_seconds: recentWaits(index, 10),
    };
  });
}
