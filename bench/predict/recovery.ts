// What a list of requests says about the service that was sent them.
import type { Outcome } from '../measure/open-loop.ts';
import { quantile } from '../table.ts';

/** How a service came back to what it did before. */
export interface Recovery {
  /** Seconds from the end of the overload until everything was answered as fast as before; infinite if it never was. */
  seconds: number;
  beforeP99Ms: number;
  /** Of the seconds after it had recovered. */
  afterP99Ms: number;
}

/** So fast counts as "as before", whatever it was before: machines have their own hiccups. */
const fastMs = 50;

/** How many requests were answered in time in each second, by when they were to be sent. */
export function goodputOf(outcomes: readonly Outcome[], inTimeMs: number): number[] {
  return secondsOf(outcomes).map(
    (second) => second.filter(({ failure, latencyMs }) => failure === undefined && latencyMs <= inTimeMs).length,
  );
}

/** When, and to what, a service has recovered, by the requests before an overload and those from its end on. */
export function describeRecovery(before: readonly Outcome[], after: readonly Outcome[]): Recovery {
  const beforeP99Ms = p99Ms(before);
  const isAsBefore = (second: Outcome[]) =>
    second.every(({ failure }) => failure === undefined) && p99Ms(second) <= Math.max(2 * beforeP99Ms, fastMs);
  const seconds = secondsOf(after);
  const unusual = seconds.findLastIndex((second) => !isAsBefore(second));
  const recovered = seconds.slice(unusual + 1);
  return {
    seconds: recovered.length === 0 ? Number.POSITIVE_INFINITY : unusual + 1,
    beforeP99Ms,
    afterP99Ms: p99Ms(recovered.flat()),
  };
}

function p99Ms(outcomes: readonly Outcome[]): number {
  return quantile(
    outcomes.map(({ latencyMs }) => latencyMs),
    0.99,
  );
}

/** The requests of each whole second. */
function secondsOf(outcomes: readonly Outcome[]): Outcome[][] {
  const seconds: Outcome[][] = [];
  for (const outcome of outcomes) {
    const second = Math.floor(outcome.atMs / 1_000);
    seconds[second] ??= [];
    seconds[second].push(outcome);
  }
  return seconds;
}
