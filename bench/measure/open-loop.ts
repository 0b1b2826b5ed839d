// A load that does not wait: requests are sent at their times, however many are still without an answer.
import { setTimeout as sleep } from 'node:timers/promises';

/** What became of a request. */
export interface Outcome {
  /** When it was to be sent, in milliseconds from the start. */
  atMs: number;
  /** From then to its answer, or to its failure. */
  latencyMs: number;
  /** What it failed with. */
  failure?: string;
}

export interface OpenLoop {
  perSecond: number;
  seconds: number;
  /** A request that finds so many without an answer is not sent, and has failed. */
  mostOpen: number;
}

const tickMs = 2;

/**
 * Sends requests at a rate, and waits for the answers of all.
 * @param send sends one and rejects unless it succeeded
 * @returns what became of each, in the order of their times
 */
export async function openLoop(
  { perSecond, seconds, mostOpen }: OpenLoop,
  send: () => Promise<void>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const requests = Math.floor(perSecond * seconds);
  const startedAt = performance.now();
  let open = 0;
  const start = async (atMs: number) => {
    const outcome: Outcome = { atMs, latencyMs: Number.NaN };
    outcomes.push(outcome);
    try {
      if (open >= mostOpen) throw new Error(`${mostOpen} requests are without an answer`);
      open++;
      await send().finally(() => open--);
    } catch (error) {
      outcome.failure = (error as Error).message;
    }
    outcome.latencyMs = performance.now() - startedAt - atMs;
  };
  const all: Promise<void>[] = [];
  while (all.length < requests) {
    const due = Math.min(requests, Math.ceil(((performance.now() - startedAt) * perSecond) / 1_000));
    while (all.length < due) all.push(start((all.length * 1_000) / perSecond));
    await sleep(tickMs);
  }
  await Promise.all(all);
  return outcomes;
}
