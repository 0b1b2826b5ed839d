// Three times as many requests as the service can answer, and what comes of them, of the health checks meanwhile, and of
// the requests afterwards. Whoever sends them does as the front proxy does: it has so many connections, lets so many requests wait for
// one, and refuses the others before they reach the service. (The proxy itself would need the core that the requests come from.)
import { closedLoop } from '../measure/closed-loop.ts';
import { type Outcome, openLoop } from '../measure/open-loop.ts';
import { createRawClient, rawPost } from '../measure/raw-client.ts';
import type { Contestant } from './contestants.ts';
import { type Pings, watchHealth } from './health-watch.ts';
import { describeRecovery, goodputOf, type Recovery } from './recovery.ts';
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
  pings: Pings;
}

/** A client that waits longer has given up. */
export const inTimeMs = 1_000;
const timesCapacity = 3;
/** Before and after, of the capacity. */
const usualShare = 0.5;
const connections = 32;
/** What the front proxy has to the backend, and how many requests wait for one of them. */
const frontProxy = { connections: 64, waiting: 512 };
const mostOpen = frontProxy.connections + frontProxy.waiting;

/** Overloads a service, once. */
export async function overload(
  { url, field }: Contestant,
  { images, seconds }: OverloadOptions,
): Promise<OverloadResult> {
  const posts = images.map((image) => {
    const { headers, body } = asForm(image, field);
    return rawPost(url, '/predict', headers, body);
  });
  const client = createRawClient(url, { timeoutMs: 2 * inTimeMs, connections: frontProxy.connections });
  let sent = 0;
  const send = async () => {
    const status = await client.request(posts[sent++ % posts.length]!);
    if (status !== 200) throw new Error(`answered ${status}`);
  };
  try {
    const closed = await closedLoop({ clients: connections, seconds: seconds.capacity }, send);
    const capacity = closed.latenciesMs.length / closed.seconds;
    const load = (share: number, duration: number) =>
      openLoop({ perSecond: capacity * share, seconds: duration, mostOpen }, send);

    const before = await load(usualShare, seconds.before);
    const health = watchHealth(`${url}/ping`);
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
    client.close();
  }
}

function countFailures(outcomes: readonly Outcome[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { failure } of outcomes) if (failure !== undefined) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  return counts;
}
