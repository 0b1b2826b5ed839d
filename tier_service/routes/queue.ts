import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { Queue, viewQueue } from '../views/queue-view.ts';

/** `GET /{tier}/queue`. */
export function queueRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, clients } = context;
  const schema = {
    summary: 'The queue',
    tags: ['queue'],
    response: answers({ 200: Queue }, 'unauthorized', 'cluster_unavailable'),
  };
  app.get(`/${tier.name}/queue`, { schema }, async (request) => {
    clients.identify(request);
    requireFresh(context);
    return viewQueue(context);
  });
}
