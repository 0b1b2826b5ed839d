// Asks ten times a second whether a service is alive, as a kubelet does: on a new connection, and for a second at most. In a
// thread of its own, which the load that is made meanwhile does not hold up.
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Agent, request } from 'undici';

export interface Pings {
  sent: number;
  /** Those that were not answered 200 within a second. */
  failed: number;
  latenciesMs: number[];
}

const intervalMs = 100;
const timeoutMs = 1_000;

/** Begins to ask; what comes of it is told when it is stopped. */
export function watchHealth(url: string): { stop(): Promise<Pings> } {
  const thread = new Worker(new URL(import.meta.url), { workerData: url });
  const { promise, resolve, reject } = Promise.withResolvers<Pings>();
  thread.on('message', resolve).on('error', reject);
  return {
    stop() {
      thread.postMessage('stop');
      return promise;
    },
  };
}

async function watch(url: string, stop: AbortSignal): Promise<Pings> {
  const agent = new Agent({ pipelining: 0 }); // No connection is used twice.
  const pings: Pings = { sent: 0, failed: 0, latenciesMs: [] };
  const ping = async () => {
    const sentAt = performance.now();
    pings.sent++;
    try {
      const answer = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(timeoutMs) });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
      pings.latenciesMs.push(performance.now() - sentAt);
    } catch {
      pings.failed++;
    }
  };
  const all: Promise<void>[] = [];
  while (!stop.aborted) {
    all.push(ping());
    await sleep(intervalMs, undefined, { signal: stop }).catch(() => undefined);
  }
  await Promise.all(all);
  await agent.destroy();
  return pings;
}

if (!isMainThread) {
  const stopping = new AbortController();
  parentPort!.once('message', () => stopping.abort());
  parentPort!.postMessage(await watch(workerData, stopping.signal));
}
