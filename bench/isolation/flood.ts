// The free tier at its worst: its quota taken by jobs that sleep, its queue full, and clients that go on posting.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Flood {
  /** How many posts were refused because the queue is full. */
  refused(): number;
  /** Ends it and clears every job of the tier. */
  stop(): Promise<void>;
}

/** Posts until the queue is full, and from then on so often that it stays so. */
export async function startFlood(url: string, { postsPerSecond }: { postsPerSecond: number }): Promise<Flood> {
  let refused = 0;
  const post = async () => {
    const answer = await fetch(`${url}/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
    await answer.arrayBuffer();
    if (answer.status === 429) refused++;
    else if (!answer.ok) throw new Error(`the free tier answered ${answer.status}`);
  };
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (refused === 0) await post();
    }),
  );
  const stopped = new AbortController();
  const posting = (async () => {
    while (!stopped.signal.aborted) {
      await Promise.all([post(), sleep(1_000 / postsPerSecond)]);
    }
  })();
  // Whoever stops it hears of a fault.
  posting.catch(() => undefined);
  return {
    refused: () => refused,
    async stop() {
      stopped.abort();
      await posting;
      const answer = await fetch(`${url}/free/jobs?all=true`, {
        method: 'DELETE',
        signal: AbortSignal.timeout(120_000),
      });
      if (!answer.ok) throw new Error(`the free tier could not be cleared: ${answer.status}`);
    },
  };
}
