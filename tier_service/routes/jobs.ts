import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { cancelJob } from '../jobs/cancel-job.ts';
import { deleteJob } from '../jobs/end-job.ts';
import { findJob, recordOf } from '../jobs/find-job.ts';
import { datasets } from '../jobs/job-request.ts';
import { hasEnded, statuses } from '../jobs/job-state.ts';
import { datasetOf, Job, viewJob } from '../jobs/job-view.ts';
import { listPage } from '../jobs/list-page.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { answers } from './answers.ts';

export const JobParams = Type.Object({ id: Type.String({ description: "The job's id." }) });

const ListQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  cursor: Type.Optional(Type.String({ maxLength: 300, description: 'The `next_cursor` of the page before.' })),
  status: Type.Optional(Type.Enum([...statuses])),
  dataset: Type.Optional(Type.Enum([...datasets])),
});
type ListQuery = Static<typeof ListQuery>;

const JobList = Type.Object({
  jobs: Type.Array(Job),
  next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'null on the last page.' }),
});

/** The jobs of a tier: list, one, cancel, clear. */
export function jobRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, cluster, index, clients } = context;
  const path = `/${tier.name}/jobs`;
  const pages = new Map<string, { version: number; bytes: Buffer }>();

  const list = {
    summary: 'List jobs, newest first',
    tags: ['jobs'],
    querystring: ListQuery,
    response: answers({ 200: JobList }, 'invalid_request', 'unauthorized', 'cluster_unavailable'),
  };
  // Pages poll it: no line in the log for each success.
  app.get<{ Querystring: ListQuery }>(path, { schema: list, logLevel: 'warn' }, async (request, reply) => {
    const client = clients.identify(request);
    requireFresh(context);
    reply.type('application/json; charset=utf-8');
    const { limit, cursor, status, dataset } = request.query;
    const key = JSON.stringify([client, limit, cursor, status, dataset]);
    const kept = pages.get(key);
    if (kept?.version === index.version()) return kept.bytes;
    const bytes = Buffer.from(
      listPage(index, {
        limit,
        cursor,
        matches: ({ job, state }) =>
          (status === undefined || state.status === status) &&
          (dataset === undefined || datasetOf(job) === dataset) &&
          clients.owns(client, job),
      }),
    );
    if (pages.size >= 100) pages.clear();
    pages.set(key, { version: index.version(), bytes });
    return bytes;
  });

  const one = {
    summary: 'One job',
    tags: ['jobs'],
    params: JobParams,
    response: answers({ 200: Job }, 'unauthorized', 'job_not_found', 'cluster_unavailable'),
  };
  app.get<{ Params: { id: string } }>(`${path}/:id`, { schema: one }, async (request) => {
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
  app.delete<{ Params: { id: string } }>(`${path}/:id`, { schema: cancel }, async (request) => {
    const record = await findJob(context, request.params.id, clients.identify(request));
    const job = await cancelJob(cluster, record);
    return viewJob(
      tier,
      { ...recordOf(job), state: { ...recordOf(job).state, startedAt: record.state.startedAt } },
      null,
    );
  });

  const ClearQuery = Type.Object({
    all: Type.Boolean({ default: false, description: 'The unfinished ones too.' }),
  });
  const clear = {
    summary: 'Clear finished jobs, or all',
    tags: ['jobs'],
    querystring: ClearQuery,
    response: answers(
      {
        200: Type.Object({
          deleted: Type.Integer(),
          cancelled: Type.Integer({ description: 'Those of them that had not ended.' }),
        }),
      },
      'unauthorized',
      'cluster_unavailable',
    ),
  };
  app.delete<{ Querystring: Static<typeof ClearQuery> }>(path, { schema: clear }, async (request) => {
    const client = clients.identify(request);
    requireFresh(context);
    const chosen = index.ordered.filter(
      ({ job, state }) => clients.owns(client, job) && (request.query.all || hasEnded(state.status)),
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
    await Promise.all(Array.from({ length: 8 }, deleteSome));
    return count;
  });
}
