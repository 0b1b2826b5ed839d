import type { ServerResponse } from 'node:http';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { answers, problem, textAnswer } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { JobLogs } from '../logs/job-logs.ts';
import { BrokenLogError } from '../logs/log-reader.ts';
import { awaitRecord } from '../records/await-record.ts';
import { findJob } from '../records/find-job.ts';
import type { JobRecord } from '../records/job-record.ts';
import { logPath } from '../state/job-paths.ts';
import { containerName } from '../state/kubernetes-objects.ts';
import type { TierContext } from '../tier-context.ts';
import { JobParams } from './input.ts';
import { endWithin, writeAndWait } from './slow-readers.ts';

const LogQuery = Type.Object({
  follow: Type.Optional(Type.Boolean({ default: false, description: 'Send what comes, until the job ends.' })),
  tail: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Only so many of its last lines.' })),
});

const mediaType = 'text/plain; charset=utf-8';
/** For how long the cluster may say nothing in the middle of a log that is not followed. */
const silenceMs = 10_000;
/** How long a reader may take for the last of a followed log. */
const endMs = 60_000;

/** `GET /{tier}/jobs/{id}/logs`. */
export function logRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, cluster, clients, logs } = context;
  const schema = {
    summary: "A job's log, as text",
    tags: ['jobs'],
    params: JobParams,
    querystring: LogQuery,
    response: answers(
      { 200: textAnswer('text/plain', 'The log') },
      'invalid_request',
      'unauthorized',
      'job_not_found',
      'log_not_found',
      'cluster_unavailable',
    ),
  };
  app.get<{ Params: { id: string }; Querystring: Static<typeof LogQuery> }>(
    `/${tier.name}/jobs/:id/logs`,
    { schema },
    async (request, reply) => {
      const found = await findJob(context, request.params.id, clients.identify(request));
      if (request.query.follow && request.query.tail !== undefined)
        throw problem(
          'invalid_request',
          '"follow" sends a log from its beginning, so it cannot be combined with "tail"',
        );
      if (request.query.follow) {
        const record = await awaitRecord(context.index, found);
        if (request.method === 'HEAD') return reply.type(mediaType).send();
        reply.hijack();
        request.raw.socket.setTimeout(0);
        reply.raw.writeHead(200, { 'content-type': mediaType, 'x-request-id': request.id });
        reply.raw.flushHeaders();
        await followLog(logs, record, reply.raw);
        return reply;
      }
      if (!found.pod)
        throw problem('log_not_found', `the job is ${found.state.status} and has no pod, so there is no log`);
      reply.type(mediaType);
      const query = { container: containerName, tailLines: request.query.tail };
      return cluster.stream(logPath(found), { query, silenceMs }).catch(translate);
    },
  );
}

function translate(error: unknown): never {
  if (error instanceof KubernetesError && (error.status === 404 || error.status === 400)) {
    throw problem('log_not_found', 'there is no log yet, or no more', { cause: error });
  }
  throw error;
}

/**
 * Waits for the job to start, then sends its log as it grows. A log that cannot be sent to its end is cut off without the
 * end that HTTP wants, so that no client takes it for the whole.
 */
async function followLog(logs: JobLogs, record: JobRecord, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  try {
    for await (const chunk of logs.read(record, left.signal)) {
      if (!(await writeAndWait(response, chunk))) return;
    }
    endWithin(response, endMs);
  } catch (error) {
    response.destroy();
    if (!(error instanceof BrokenLogError)) throw error;
  }
}
