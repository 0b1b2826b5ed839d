import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { WaitingReason } from '../state/waiting.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { recentWaits } from '../views/recent-waits.ts';

const Queue = Type.Object({
  running: Type.Integer({ description: 'Jobs that have a place: starting or running.' }),
  waiting: Type.Integer(),
  limit: Type.Union([Type.Integer(), Type.Null()], {
    description: 'How many jobs the quota lets run at a time; null where nothing limits them.',
  }),
  waiting_reason: Type.Union([WaitingReason, Type.Null()], {
    description:
      'Why the next job has no place yet, or why one that has its place does not start; null where nobody waits.',
  }),
  recent_waits_seconds: Type.Array(Type.Number(), {
    description: 'How long the last jobs waited, newest first, at most 10.',
  }),
});

/** `GET /{tier}/queue`. */
export function queueRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, index, clients, places, reasons } = context;
  const schema = {
    summary: 'The queue',
    tags: ['queue'],
    response: answers({ 200: Queue }, 'unauthorized', 'cluster_unavailable'),
  };
  app.get(`/${tier.name}/queue`, { schema }, async (request) => {
    clients.identify(request);
    requireFresh(context);
    return {
      running: index.counts.starting + index.counts.running,
      waiting: index.counts.queued,
      limit: places() ?? null,
      waiting_reason: reasons.ofQueue(),
      recent_waits_seconds: recentWaits(index, 10),
    };
  });
}
