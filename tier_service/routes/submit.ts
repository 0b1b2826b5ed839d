import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { recordOf } from '../records/job-record.ts';
import { JobRequest, readJobRequest } from '../submission/job-request.ts';
import { requireFresh, type TierContext, withoutAccess } from '../tier-context.ts';
import { SubmittedJob } from '../views/job-view.ts';

/** `POST /{tier}` and the older path: makes a job. */
export function submitRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, index, clients, submit, view } = context;
  const schema = {
    summary: 'Make a job',
    description:
      'The body is JSON or a form, under any content type. With an Idempotency-Key, a repeat of the same request returns the same job for as long as that job exists.',
    tags: ['jobs'],
    headers: Type.Object({
      'idempotency-key': Type.Optional(
        Type.String({ maxLength: 255, pattern: '^[!-~]+$', description: 'Visible ASCII characters.' }),
      ),
    }),
    response: answers(
      { 200: SubmittedJob },
      'invalid_request',
      'unauthorized',
      'body_too_large',
      'key_reused',
      'queue_full',
      'too_many_jobs',
      'cluster_unavailable',
    ),
  };
  // The body is described, but read by hand: its label does not count, so Fastify's own validation cannot be used.
  const config = { documentedBody: JobRequest, takesAnyQuery: true };

  for (const { path, namespace } of tier.places) {
    app.post(path, { schema, config }, async (request, reply) => {
      const client = clients.identify(request);
      const choices = readJobRequest(typeof request.body === 'string' ? request.body : '');
      const idempotencyKey = request.headers['idempotency-key'] as string | undefined;
      const isGone = () => request.raw.socket.destroyed;
      const submission = { choices, namespace, requestId: request.id, client, idempotencyKey, isGone };
      const { job, isRepeat } = await submit(submission).catch((error) => {
        throw (isShutOut(error) && withoutAccess(context, namespace)) || error;
      });
      // Of a new job nothing more can be known; an earlier one may have gone far.
      if (isRepeat) requireFresh(context);
      const known = index.get(job.metadata!.name!);
      const record = known && known.uid === job.metadata!.uid ? known : recordOf(job);
      reply.header('location', `/${tier.name}/jobs/${record.id}`);
      return { job_name: record.id, namespace, ...view(record) };
    });
  }
}

/** True of an answer that is what a service gets whose namespace, or whose role in it, was deleted. */
function isShutOut(error: unknown): boolean {
  if (!(error instanceof KubernetesError)) return false;
  return (error.status === 403 && !error.isOverQuota) || (error.status === 404 && error.details?.kind === 'namespaces');
}
