import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { cancelJob } from '../ending/cancel-job.ts';
import { awaitRecord } from '../records/await-record.ts';
import { findJob } from '../records/find-job.ts';
import { recordOf } from '../records/job-record.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { awaitChange } from '../views/await-change.ts';
import { entityTagOf, namesTag } from '../views/entity-tag.ts';
import { Job, viewJob } from '../views/job-view.ts';
import { JobParams } from './input.ts';
import { redirectToPlainSpelling } from './plain-spelling.ts';

const JobQuery = Type.Object({
  wait: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 60,
      description: 'With If-None-Match: how many seconds to wait for the job to change.',
    }),
  ),
});

/** `GET` and `DELETE /{tier}/jobs/{id}`: what a job is, and cancelling it. */
export function jobRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, cluster, clients } = context;
  const path = `/${tier.name}/jobs/:id`;
  readRoute(app, context, path);

  const cancel = {
    summary: 'Cancel a job, queued or running',
    description: 'Its pods are deleted, and the job stays as `cancelled`. Cancelling it again is no error.',
    tags: ['jobs'],
    params: JobParams,
    response: answers({ 200: Job }, 'unauthorized', 'job_not_found', 'job_ended', 'cluster_unavailable'),
  };
  app.delete<{ Params: { id: string } }>(path, { schema: cancel }, async (request) => {
    const record = await findJob(context, request.params.id, clients.identify(request));
    const cancelled = recordOf(await cancelJob(cluster, record));
    cancelled.state = { ...cancelled.state, startedAt: record.state.startedAt };
    return viewJob(tier, cancelled);
  });
}

interface ReadRequest {
  Params: { id: string };
  Querystring: Static<typeof JobQuery>;
}

function readRoute(app: FastifyInstance, context: TierContext, path: string): void {
  const { clients } = context;
  const schema = {
    summary: 'One job',
    description:
      'Send its `ETag` back as `If-None-Match`, and the answer is 304 while the job has not changed. With `wait`, the call answers with the job as soon as it changes, or with 304 after that many seconds.',
    tags: ['jobs'],
    params: JobParams,
    querystring: JobQuery,
    headers: Type.Object({ 'if-none-match': Type.Optional(Type.String()) }),
    response: answers(
      { 200: Job, 304: Type.Null({ description: 'The job has not changed.' }) },
      'invalid_request',
      'unauthorized',
      'job_not_found',
      'cluster_unavailable',
    ),
  };
  app.get<ReadRequest>(path, { schema }, async (request, reply) => {
    const plainPath = path.replace(':id', request.params.id);
    if (request.query.wait && redirectToPlainSpelling(request, reply, plainPath, 'wait')) return reply;
    const client = clients.identify(request);
    requireFresh(context);
    const known = request.headers['if-none-match'];
    if (request.query.wait && known) await waitForChange(context, request, reply, known);
    const record = await findJob(context, request.params.id, client);
    const job = context.view(record);
    const tag = entityTagOf(job);
    reply.header('etag', tag).header('cache-control', 'no-cache');
    return namesTag(known, tag) ? reply.code(304).send() : job;
  });
}

async function waitForChange(
  context: TierContext,
  request: FastifyRequest<ReadRequest>,
  { raw }: FastifyReply,
  known: string,
): Promise<void> {
  const { index, hub, clients } = context;
  const found = await findJob(context, request.params.id, clients.identify(request));
  const record = await awaitRecord(index, found);
  const gone = new AbortController();
  const leave = () => gone.abort();
  raw.once('close', leave);
  // The connection is quiet on purpose; Node sets its time-out anew with the next request.
  request.raw.socket.setTimeout(0);
  await awaitChange(record, {
    hub,
    hasChanged: () => !namesTag(known, entityTagOf(context.view(record))),
    timeoutMs: request.query.wait! * 1_000,
    signal: gone.signal,
  });
  raw.off('close', leave);
  requireFresh(context);
}
