import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { deleteJob } from '../ending/end-job.ts';
import { listJobs } from '../records/find-job.ts';
import { ownerOf } from '../state/annotations.ts';
import { hasEnded } from '../state/job-status.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';

const ClearQuery = Type.Object({
  all: Type.Optional(Type.Boolean({ default: false, description: 'Remove unfinished jobs too.' })),
});

const Cleared = Type.Object({
  deleted: Type.Integer(),
  cancelled: Type.Integer({ description: 'How many of these had not ended.' }),
});

/** How many jobs are deleted at a time. */
const concurrency = 8;

/** `DELETE /{tier}/jobs`: clears the jobs that have ended, or all. */
export function clearRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, cluster, clients } = context;
  const schema = {
    summary: 'Clear finished jobs, or all',
    tags: ['jobs'],
    querystring: ClearQuery,
    response: answers({ 200: Cleared }, 'invalid_request', 'unauthorized', 'cluster_unavailable'),
  };
  app.delete<{ Querystring: Static<typeof ClearQuery> }>(`/${tier.name}/jobs`, { schema }, async (request) => {
    const client = clients.identify(request);
    requireFresh(context);
    const chosen = (await listJobs(context)).filter(
      ({ job, state }) => clients.owns(client, ownerOf(job)) && (request.query.all || hasEnded(state.status)),
    );
    // Newest first, so that none of those that wait is started only to be deleted.
    const remaining = chosen.reverse();
    const count = { deleted: 0, cancelled: 0 };
    const deleteSome = async () => {
      for (let record = remaining.shift(); record; record = remaining.shift()) {
        const isCancelled = !hasEnded(record.state.status);
        // One that somebody else has deleted is no longer ours to count.
        if (!(await deleteJob(cluster, record))) continue;
        count.deleted++;
        if (isCancelled) count.cancelled++;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, deleteSome));
    return count;
  });
}
