// The log of one job, read from the cluster once however many read it here. What breaks on the way is taken up again where
// it stopped. The API server ends an answer in good order even where the node behind it broke off, so the end of an answer
// is not the end of the log: that is reached when the job is over and a further reading brings nothing new.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterConnection, createBackoff, KubernetesError } from '@ml-job-mesh/cluster-client';
import type { JobRecord } from '../records/job-record.ts';
import { logPath } from '../state/job-paths.ts';
import { containerName } from '../state/kubernetes-objects.ts';
import { createLogTail } from './log-tail.ts';
import type { StreamSlots } from './stream-slots.ts';

export interface LogTimings {
  /** A log that is followed and says nothing for so long is read anew: its connection may have died. */
  silenceMs: number;
  /** How long a stream may go on after its job is over. */
  overGraceMs: number;
  /** How long a stream is let be while others wait for one. */
  turnMs: number;
  /** For how long it is tried to read the rest of a log whose job is over. */
  giveUpMs: number;
}

export interface JobLogOptions {
  cluster: ClusterConnection;
  slots: StreamSlots;
  record: JobRecord;
  /** Whether nothing more will be written. */
  isOver: () => boolean;
  timings: LogTimings;
}

export type JobLog = ReturnType<typeof startJobLog>;

/** Logs are short; whoever is further behind reads the beginning for himself. */
const keepBytes = 64 * 1_024;
/** How long an answer that ends by itself may be silent. */
const answerSilenceMs = 5_000;

/** How a reading ended: with all there was, early, or without anything to be read. */
type Outcome = 'whole' | 'broken' | 'absent';

/** Starts to read a job's log; `close` ends it. */
export function startJobLog({ cluster, slots, record, isOver, timings }: JobLogOptions) {
  const tail = createLogTail(keepBytes);
  const closed = new AbortController();
  const listeners = new Set<() => void>();
  const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
  let state: 'open' | 'complete' | 'broken' = 'open';
  let wake: () => void = () => undefined;

  function tell(): void {
    for (const listener of listeners) listener();
  }

  function finish(how: 'complete' | 'broken'): void {
    if (state !== 'open') return;
    state = how;
    closed.abort();
    tell();
  }

  /** Reads the log from its beginning, and passes over what is there already. */
  async function read(follow: boolean, signal: AbortSignal): Promise<Outcome> {
    if (!record.pod) return 'absent';
    try {
      const query = { container: containerName };
      const silenceMs = follow ? timings.silenceMs : answerSilenceMs;
      const body = await cluster.stream(logPath(record), { query, follow, signal, silenceMs });
      let offset = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(Math.max(0, tail.end() - offset));
        offset += chunk.length;
        if (fresh.length === 0) continue;
        // A copy: a few bytes would otherwise keep all that came with them.
        tail.add(Buffer.from(fresh));
        backoff.reset();
        tell();
      }
      return offset < tail.end() ? 'broken' : 'whole';
    } catch (error) {
      const isAbsent = error instanceof KubernetesError && (error.status === 400 || error.status === 404);
      return isAbsent ? 'absent' : 'broken';
    }
  }

  /** Follows the log until it ends, this log's turn is over, or the job is and the stream should have ended. */
  async function follow(): Promise<Outcome> {
    if (!record.pod) return 'absent';
    const slot = await slots.acquire(closed.signal);
    if (!slot) return 'broken';
    const attempt = new AbortController();
    const end = () => attempt.abort();
    let overTimer: NodeJS.Timeout | undefined;
    const endIfOver = () => {
      if (isOver()) overTimer ??= setTimeout(end, timings.overGraceMs);
    };
    slot.turnOver.addEventListener('abort', end, { once: true });
    closed.signal.addEventListener('abort', end, { once: true });
    wake = endIfOver;
    endIfOver();
    try {
      return await read(true, attempt.signal);
    } finally {
      clearTimeout(overTimer);
      closed.signal.removeEventListener('abort', end);
      slot.release();
    }
  }

  /** Waits for the job's next change, but no longer than this. */
  async function pause(ms: number): Promise<void> {
    const woken = new AbortController();
    const end = () => woken.abort();
    wake = end;
    closed.signal.addEventListener('abort', end, { once: true });
    await sleep(ms, undefined, { signal: woken.signal }).catch(() => undefined);
    closed.signal.removeEventListener('abort', end);
  }

  async function run(): Promise<void> {
    let before: Outcome = 'absent';
    let overSince: number | undefined;
    while (state === 'open') {
      const wasOver = isOver();
      const hadRead = tail.end();
      const outcome = wasOver ? await read(false, closed.signal) : await follow();
      if (wasOver) {
        overSince ??= performance.now();
        // The pod is gone: what had been read to its end was all of it. A job that never started has written nothing.
        if (outcome === 'absent') {
          const isAll = before === 'whole' || (before === 'absent' && record.state.startedAt === null);
          return finish(isAll ? 'complete' : 'broken');
        }
        if (outcome === 'whole' && tail.end() === hadRead) return finish('complete');
        if (outcome === 'broken' && performance.now() - overSince > timings.giveUpMs) return finish('broken');
      }
      if (outcome !== 'absent') before = outcome;
      if (!(wasOver && outcome === 'whole') && !(isOver() && !wasOver)) await pause(backoff.nextMs());
    }
  }
  void run();

  return {
    record,
    tail,
    state: () => state,
    /** Calls the listener when there is more, or the log has ended; what it returns ends that. */
    onChange(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** To be called when the job has changed. */
    jobChanged: () => wake(),
    /** Ends it for all who read it; one that is not complete counts as broken. */
    close: () => finish('broken'),
  };
}
