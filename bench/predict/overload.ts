// Three times as many requests as the service can answer, and what comes of them, of the health checks meanwhile, and of
// the requests afterwards.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { closedLoop } from '../measure/closed-loop.ts';
import { type Outcome, openLoop } from '../measure/open-loop.ts';
import type { Contestant } from './contestants.ts';
import { describeRecovery, goodputOf, type Recovery } from './recovery.ts';
import { createSender } from './rounds.ts';
import { asForm } from './uploads.ts';

export interface OverloadOptions {
  images: readonly Buffer[];
  /** How long each part lasts; afterwards is watched for longer than the service has to recover. */
  seconds: { capacity: number; before: number; overload: number; after: number };
}

/** What the service did, in requests a second and milliseconds. */
export interface OverloadResult {
  /** Answered to 32 connections that wait for their answers. */
  capacity: number;
  offered: number;
  /** Answered 200 in time while it was overloaded. */
  goodput: number;
  /** In the worst second of it, but for the first. */
  worstSecond: number;
  /** How many failed, by what they failed with. */
  failures: Map<string, number>;
  answeredMs: number[];
  recovery: Recovery;
  pings: { sent: number; failed: number; latenciesMs: number[] };
}

/** A client that waits longer has given up. */
export const inTimeMs = 1_000;
const timesCapacity = 3;
/** Before and after, of the capacity. */
const usualShare = 0.5;
const connections = 32;
/** So many clients there are; one more finds no connection. */
const mostOpen = 2_000;

/** Overloads a service, once. */
export async function overload(contestant: Contestant, { images, seconds }: OverloadOptions): Promise<OverloadResult> {
  const uploads = images.map((image) => asForm(image, contestant.field));
  const sender = createSender(contestant.url, '/predict', uploads, mostOpen, 2 * inTimeMs);
  try {
    const waiting = createSender(contestant.url, '/predict', uploads, connections);
    const closed = await closedLoop({ clients: connections, seconds: seconds.capacity }, waiting.send);
    await waiting.close();
    const capacity = closed.latenciesMs.length / closed.seconds;
    const load = (share: number, duration: number) =>
      openLoop({ perSecond: capacity * share, seconds: duration, mostOpen }, sender.send);

    const before = await load(usualShare, seconds.before);
    const health = watchHealth(`${contestant.url}/ping`);
    const during = await load(timesCapacity, seconds.overload);
    const pings = await health.stop();
    const after = await load(usualShare, seconds.after);

    const perSecond = goodputOf(during, inTimeMs);
    return {
      capacity,
      offered: capacity * timesCapacity,
      goodput: perSecond.reduce((sum, each) => sum + each, 0) / perSecond.length,
      worstSecond: Math.min(...perSecond.slice(1)),
      failures: countFailures(during),
      answeredMs: during.filter(({ failure }) => failure === undefined).map(({ latencyMs }) => latencyMs),
      recovery: describeRecovery(before, after),
      pings,
    };
  } finally {
    await sender.close();
  }
}

function countFailures(outcomes: readonly Outcome[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { failure } of outcomes) if (failure !== undefined) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return counts;
}

/** Asks ten times a second whether the service is alive, as a kubelet does: on a new connection, and for a second at most. */
function watchHealth(url: string) {
  const stopping = new AbortController();
  const pings: OverloadResult['pings'] = { sent: 0, failed: 0, latenciesMs: [] };
  const agent = new Agent({ pipelining: 0 }); // No connection is used twice.
  const ping = async () => {
    const sentAt = performance.now();
    pings.sent++;
    try {
      const answer = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(1_000) });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
      pings.latenciesMs.push(performance.now() - sentAt);
    } catch {
      pings.failed++;
    }
  };
  const finished = (async () => {
    const all: Promise<void>[] = [];
    while (!stopping.signal.aborted) {
      all.push(ping());
      await sleep(100, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await Promise.all(all);
    await agent.destroy();
  })();
  return {
    async stop() {
      stopping.abort();
      await finished;
      return pings;
    },
  };
}
