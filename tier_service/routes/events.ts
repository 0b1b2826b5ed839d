import type { ServerResponse } from 'node:http';
import {
  answers,
  beginEventStream,
  endWithin,
  eventBytes,
  eventStreamType,
  maxMissedHeartbeats,
  signOfLife,
  streamStopMs,
} from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { awaitRecord } from '../records/await-record.ts';
import { findJob } from '../records/find-job.ts';
import type { JobRecord } from '../records/job-record.ts';
import { isUnexplained } from '../state/job-state.ts';
import { hasEnded, rankOf } from '../state/job-status.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { Job } from '../views/job-view.ts';
import { JobParams } from './input.ts';
import { redirectToPlainSpelling } from './plain-spelling.ts';

type EventName = 'status' | 'progress' | 'result';

/** One of the events. OpenAPI 3.1 has no word for a stream of them, and tools take the schema for that of each. */
const Event = Type.Object({
  id: Type.String({ description: 'For `Last-Event-ID`.' }),
  event: Type.Enum(['status', 'progress', 'result']),
  data: Type.String({ contentMediaType: 'application/json', contentSchema: Job }),
});

/** A result, or the reason of a failure, may follow the end that it belongs to by a moment. */
const resultGraceMs = 2_000;

/** `GET /{tier}/jobs/{id}/events`: server-sent events, as in the HTML standard, section 9.2. */
export function eventRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, index, clients } = context;
  const schema = {
    summary: "A job's events, as they happen",
    description:
      'Server-sent events `status`, `progress` and `result`, each with the whole job. The stream ends with the job. `Last-Event-ID` resumes it, on any replica; after the last event, the answer is 204.',
    tags: ['jobs'],
    params: JobParams,
    headers: Type.Object({ 'last-event-id': Type.Optional(Type.String()) }),
    response: answers(
      {
        200: {
          description: 'The events, until the job has ended.',
          content: { 'text/event-stream': { schema: Event } },
        },
        204: Type.Null({ description: 'The client has had every event already.' }),
      },
      'unauthorized',
      'job_not_found',
      'cluster_unavailable',
    ),
  };
  app.get<{ Params: { id: string } }>(`/${tier.name}/jobs/:id/events`, { schema }, async (request, reply) => {
    if (redirectToPlainSpelling(request, reply, `/${tier.name}/jobs/${request.params.id}/events`)) return reply;
    const client = clients.identify(request);
    requireFresh(context);
    const found = await findJob(context, request.params.id, client);
    const record = await awaitRecord(index, found);
    // Its close has been announced already, so nobody would hear of it.
    if (reply.raw.destroyed) return reply.hijack();
    // An EventSource comes back for ever after a normal end; 204 is what stops it.
    if (request.headers['last-event-id'] === lastEventId(record)) return reply.code(204).send();
    if (request.method === 'HEAD') return reply.type(eventStreamType).send();
    streamEvents(beginEventStream(request, reply), record, context);
  });
}

/** Can be made again from the Job and its log alone: its uid, how far its status is, and the step of its progress. */
function eventId({ uid, state, progressLine }: JobRecord, name: EventName): string {
  return `${uid}.${rankOf(state.status)}.${name === 'result' ? 'end' : progressLine}`;
}

function lastEventId(record: JobRecord): string {
  return `${record.uid}.3.end`;
}

function streamEvents(
  response: ServerResponse,
  record: JobRecord,
  { view, hub }: Pick<TierContext, 'view' | 'hub'>,
): void {
  /** What a slow listener has not been told; it is told once, as it is then. */
  const owed = new Set<EventName>();
  let missedHeartbeats = 0;
  let graceTimer: NodeJS.Timeout | undefined;
  let isFinished = false;

  function send(name: EventName): void {
    if (response.writableEnded) return;
    if (response.writableNeedDrain) {
      owed.add(name);
      return;
    }
    response.write(eventBytes(name, JSON.stringify(view(record)), eventId(record, name)));
  }

  function finish(): void {
    if (isFinished) return;
    isFinished = true;
    clearTimeout(graceTimer);
    send('result');
    endWhenAllIsSaid();
  }

  /** The listener stays on the hub until its connection is closed, so that the heartbeat drops one that takes nothing. */
  function endWhenAllIsSaid(): void {
    if (isFinished && owed.size === 0) response.end();
  }

  function finishIfEnded(): void {
    if (!hasEnded(record.state.status)) return;
    if (!isUnexplained(record.state)) finish();
    else graceTimer ??= setTimeout(finish, resultGraceMs);
  }

  function leave(): void {
    clearTimeout(graceTimer);
    unsubscribe();
  }

  const unsubscribe = hub.subscribe(record, {
    onChange(_, change) {
      if (isFinished) return;
      if (change === 'removed') {
        isFinished = true;
        response.end();
      } else if (change === 'progress') send('progress');
      else if (change !== 'detail') send('status');
      finishIfEnded();
    },
    onHeartbeat() {
      if (response.destroyed) return leave();
      // One that has been ended stays only as long as its listener does not take the rest.
      const isBehind = response.writableNeedDrain || response.writableEnded;
      missedHeartbeats = isBehind ? missedHeartbeats + 1 : 0;
      if (missedHeartbeats > maxMissedHeartbeats) response.destroy();
      else if (missedHeartbeats === 0) response.write(signOfLife);
    },
    onClose: () => endWithin(response, streamStopMs),
  });

  response.on('drain', () => {
    if (response.writableEnded) return;
    const names = (['status', 'progress', 'result'] as const).filter((name) => owed.delete(name));
    for (const name of names) send(name);
    endWhenAllIsSaid();
  });
  response.once('close', leave);
  send('status');
  finishIfEnded();
}
