// A load of so many clients, each of which sends its next request when it has its answer.

export interface LoadResult {
  seconds: number;
  /** Of the requests that succeeded. */
  latenciesMs: number[];
  /** How many requests failed, by what they failed with. */
  failures: Map<string, number>;
}

/**
 * Sends a fixed number of requests.
 * @param send sends one and rejects unless it succeeded
 */
export async function closedLoop(
  { clients, requests }: { clients: number; requests: number },
  send: () => Promise<void>,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const failures = new Map<string, number>();
  let left = requests;
  const client = async () => {
    while (left-- > 0) {
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
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  return { seconds: (performance.now() - startedAt) / 1_000, latenciesMs, failures };
}
