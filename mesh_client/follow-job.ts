/** Follows a job from now to its end, through lost connections and restarts of the service. */
import { hasEnded as isEnd } from '@ml-job-mesh/tier-service/state/job-status.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { readEvents } from './event-stream.ts';
import { pathOf } from './job-id.ts';
import type { MeshApi } from './mesh-api.ts';

/** The service sends a sign of life every 15 s; a connection that is silent for so long is dead. */
const silenceMs = 45_000;

/** Whether a job's status will not change any more. */
export function hasEnded({ status }: Pick<Job, 'status'>): boolean {
  return isEnd(status);
}

/**
 * Gives the job as it is, and again each time that it changes; the last one is the job as it ended.
 *
 * @throws CommandError when the service stays away, or the job is not there (any more)
 */
export async function* followJob(api: MeshApi, id: string): AsyncGenerator<Job> {
  const patience = api.newPatience();
  let lastEventId = '';
  let job: Job | undefined;
  for (;;) {
    let fault = new Error('the stream of events ended early');
    try {
      const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
      const stream = await api.stream(`${pathOf(id)}/events`, { headers, bodyTimeoutMs: silenceMs }, patience);
      if (!stream) break;
      for await (const event of readEvents(stream, lastEventId)) {
        patience.reset();
        lastEventId = event.lastEventId;
        job = JSON.parse(event.data) as Job;
        yield job;
      }
    } catch (error) {
      if (!isBrokenStream(error)) throw error;
      fault = error;
    }
    if (job && hasEnded(job)) break;
    if (!(await patience.wait())) throw api.unreachable(fault);
  }
  // 204 after a lost connection: all had been told. A succeeded job without its result was cut off just before it.
  if (!job || !hasEnded(job) || (job.status === 'succeeded' && !job.result))
    yield await api.json<Job>('GET', pathOf(id));
}

/** Faults of a connection, which undici and Node give a code; everything else has been judged already. */
export function isBrokenStream(error: unknown): error is Error {
  const { name, code } = error as { name?: string; code?: string };
  return name !== 'CommandError' && name !== 'AbortError' && typeof code === 'string';
}
