// A load of so many clients, each of which sends its next request when it has its answer.

export interface LoadResult {
  seconds: number;
  /** Of the requests that succeeded. */
  latenciesMs: number[];
  /** How many requests failed, by what they failed with. */
  failures: Map<string, number>;
}

/** How many clients, and how long they go on. */
export type ClosedLoop = { clients: number } & ({ requests: number } | { seconds: number });

/**
 * Sends a number of requests, or as many as a time has room for.
 * @param send sends one and rejects unless it succeeded
 */
export async function closedLoop(load: ClosedLoop, send: () => Promise<void>): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const failures = new Map<string, number>();
  let left = 'requests' in load ? load.requests : Number.POSITIVE_INFINITY;
  const startedAt = performance.now();
  const endsAt = 'seconds' in load ? startedAt + load.seconds * 1_000 : Number.POSITIVE_INFINITY;
  const client = async () => {
    while (left-- > 0 && performance.now() < endsAt) {
      const sentAt = performance.now();
      try {
        await send();
        latenciesMs.push(performance.now() - sentAt);
      } catch (error) {
        const { message } = error as Error;
        failures.set(message, (failures.get(message) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: load.clients }, client));
  return { seconds: (performance.now() - startedAt) / 1_000, latenciesMs, failures };
}
