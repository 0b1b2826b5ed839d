import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { cancelJob } from '../ending/cancel-job.ts';
import { findJob, recordOf } from '../records/find-job.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { Job, viewJob } from '../views/job-view.ts';
import { JobParams } from './input.ts';

/** `GET` and `DELETE /{tier}/jobs/{id}`: what a job is, and cancelling it. */
export function jobRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, cluster, index, clients } = context;
  const path = `/${tier.name}/jobs/:id`;

  const read = {
    summary: 'One job',
    tags: ['jobs'],
    params: JobParams,
    response: answers({ 200: Job }, 'unauthorized', 'job_not_found', 'cluster_unavailable'),
  };
  app.get<{ Params: { id: string } }>(path, { schema: read }, async (request) => {
    requireFresh(context);
    const record = await findJob(context, request.params.id, clients.identify(request));
    return viewJob(tier, record, index.queuePosition(record));
  });

  const cancel = {
    summary: 'Cancel a job, queued or running',
    description: 'Its pods go, and it stays as `cancelled`. Repeating it is no error.',
    tags: ['jobs'],
    params: JobParams,
    response: answers({ 200: Job }, 'unauthorized', 'job_not_found', 'job_ended', 'cluster_unavailable'),
  };
  app.delete<{ Params: { id: string } }>(path, { schema: cancel }, async (request) => {
    const record = await findJob(context, request.params.id, clients.identify(request));
    const cancelled = recordOf(await cancelJob(cluster, record));
    cancelled.state = { ...cancelled.state, startedAt: record.state.startedAt };
    return viewJob(tier, cancelled, null);
  });
}
