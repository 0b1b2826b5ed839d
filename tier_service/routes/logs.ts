import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { answers, problem, textAnswer } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { awaitRecord } from '../records/await-record.ts';
import { findJob } from '../records/find-job.ts';
import type { JobRecord } from '../records/job-index.ts';
import { logPath } from '../state/job-paths.ts';
import { hasEnded } from '../state/job-state.ts';
import { containerName } from '../submission/job-template.ts';
import type { TierContext } from '../tier-context.ts';
import { JobParams } from './input.ts';

const LogQuery = Type.Object({
  follow: Type.Optional(Type.Boolean({ default: false, description: 'Send what comes, until the job ends.' })),
  tail: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Only so many of its last lines.' })),
});

/** A reader that takes nothing for so long is sent away, in milliseconds. */
const slowReaderMs = 60_000;

/** `GET /{tier}/jobs/{id}/logs`. */
export function logRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, cluster, clients } = context;
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
        reply.hijack();
        request.raw.socket.setTimeout(0);
        reply.raw.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-request-id': request.id });
        reply.raw.flushHeaders();
        await followLog(context, record, reply.raw);
        return reply;
      }
      if (!found.pod)
        throw problem('log_not_found', `the job is ${found.state.status} and has no pod, so there is no log`);
      reply.type('text/plain; charset=utf-8');
      const query = { container: containerName, tailLines: request.query.tail };
      return cluster.stream(logPath(found), { query }).catch(translate);
    },
  );
}

function translate(error: unknown): never {
  if (error instanceof KubernetesError && (error.status === 404 || error.status === 400)) {
    throw problem('log_not_found', 'there is no log yet, or no more', { cause: error });
  }
  throw error;
}

/** Waits for the job to start, then sends its log as it grows; a stream that breaks goes on where it was. */
async function followLog({ cluster, index }: TierContext, record: JobRecord, response: ServerResponse): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  let sent = 0;
  while (!closed.signal.aborted) {
    const ended = hasEnded(record.state.status) || index.get(record.id) !== record;
    if (record.pod && (ended || record.state.status === 'running')) {
      try {
        const query = { container: containerName };
        const followed = { query, follow: true, signal: closed.signal };
        let skip = sent;
        for await (const chunk of await cluster.stream(logPath(record), followed)) {
          const rest = (chunk as Buffer).subarray(Math.min(skip, chunk.length));
          skip -= Math.min(skip, chunk.length);
          sent += rest.length;
          if (!response.write(rest))
            await once(response, 'drain', {
              signal: AbortSignal.any([closed.signal, AbortSignal.timeout(slowReaderMs)]),
            });
        }
      } catch (error) {
        if (!(error instanceof KubernetesError)) break;
        if (ended) break;
      }
    }
    if (ended) break;
    await nextChange(index, record, closed.signal);
  }
  response.end();
}

/** Settles when the job changes, or after a second. */
function nextChange(index: TierContext['index'], record: JobRecord, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = index.onChange((changed, change) => {
    if (changed === record && change !== 'progress') resolve();
  });
  const timer = setTimeout(resolve, 1_000);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => {
    stop();
    clearTimeout(timer);
  });
}
