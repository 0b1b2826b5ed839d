import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { answers, endWithin, problem, textAnswer, writeAndWait } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { JobLogs } from '../logs/job-logs.ts';
import { BrokenLogError } from '../logs/log-reader.ts';
import { awaitRecord } from '../records/await-record.ts';
import { findJob } from '../records/find-job.ts';
import type { JobRecord } from '../records/job-record.ts';
import { annotation } from '../state/annotations.ts';
import { jobPath, logPath } from '../state/job-paths.ts';
import { hasEnded } from '../state/job-status.ts';
import { lastLines } from '../state/kept-log.ts';
import { containerName, isJobOver, isTerminal, type Job } from '../state/kubernetes-objects.ts';
import type { TierContext } from '../tier-context.ts';
import { JobParams } from './input.ts';
import { redirectToPlainSpelling } from './plain-spelling.ts';

const LogQuery = Type.Object({
  follow: Type.Optional(Type.Boolean({ default: false, description: 'Stream the log until the job ends.' })),
  tail: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Only this many of its last lines.' }),
  ),
});

const mediaType = 'text/plain; charset=utf-8';
/** For how long the cluster may say nothing in the middle of a log that is not followed. */
const silenceMs = 10_000;
/** How long a reader may take for the last of a followed log. */
const endMs = 60_000;

/** `GET /{tier}/jobs/{id}/logs`. */
export function logRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, clients, logs } = context;
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
      if (redirectToPlainSpelling(request, reply, `/${tier.name}/jobs/${request.params.id}/logs`)) return reply;
      const found = await findJob(context, request.params.id, clients.identify(request));
      if (request.query.follow && request.query.tail !== undefined)
        throw problem(
          'invalid_request',
          '"follow" sends a log from its beginning, so it cannot be combined with "tail"',
        );
      if (request.query.follow) {
        const record = await awaitRecord(context.index, found);
        // Its close has been announced already, so nobody would hear of it.
        if (reply.raw.destroyed) return reply.hijack();
        if (isOver(record)) {
          reply.type(mediaType);
          return readLog(context, record, undefined);
        }
        if (request.method === 'HEAD') return reply.type(mediaType).send();
        reply.hijack();
        request.raw.socket.setTimeout(0);
        reply.raw.writeHead(200, { 'content-type': mediaType, 'x-request-id': request.id });
        reply.raw.flushHeaders();
        await followLog(logs, record, reply.raw);
        return reply;
      }
      reply.type(mediaType);
      return readLog(context, found, request.query.tail);
    },
  );
}

/** True of a job that has ended and will write no more: one that was cancelled may still do so for a moment. */
function isOver({ state, job, pod }: JobRecord): boolean {
  return hasEnded(state.status) && (!pod || isTerminal(pod) || isJobOver(job));
}

/** The pod's log; of a job that has ended, and whose pod does not give it any more, what was kept of it. */
async function readLog({ cluster }: TierContext, record: JobRecord, tail: number | undefined) {
  const { status } = record.state;
  const query = { container: containerName, tailLines: tail };
  const answer = record.pod && cluster.stream(logPath(record), { query, silenceMs });
  if (!hasEnded(status)) {
    if (!answer) throw problem('log_not_found', `the job is ${status} and has no pod, so there is no log`);
    return answer.catch(translate);
  }
  const log = await answer?.catch((error: unknown) => error);
  if (log instanceof Readable) return log;
  if (log !== undefined && !(log instanceof KubernetesError)) throw log;
  const { metadata } = await cluster.get<Job>(jobPath(record));
  const kept = metadata?.annotations?.[annotation.log];
  if (kept !== undefined && metadata?.uid === record.uid) return lastLines(kept, tail);
  if (log) translate(log);
  throw problem('log_not_found', 'the job has ended, and its log was not kept');
}

function translate(error: unknown): never {
  if (error instanceof KubernetesError && (error.status === 404 || error.status === 400)) {
    throw problem('log_not_found', 'there is no log yet, or it is gone', { cause: error });
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
