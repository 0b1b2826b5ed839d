import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { logPath } from '../state/job-paths.ts';
import { containerName } from '../state/kubernetes-objects.ts';
import type { JobLog } from './job-log.ts';

/** A log that could not be read to its end; what was given of it is not all. */
export class BrokenLogError extends Error {
  override readonly name = 'BrokenLogError';
}

const silenceMs = 10_000;
const timesToCatchUp = 3;

/** Gives a log from its beginning, as it grows. Each reader goes at its own pace; a slow one holds nobody up. */
export async function* readFrom(
  cluster: ClusterConnection,
  log: JobLog,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  let offset = 0;
  let triedWithoutGain = 0;
  let wake: () => void = () => undefined;
  const onChange = () => wake();
  const stopListening = log.onChange(onChange);
  signal.addEventListener('abort', onChange);
  try {
    while (!signal.aborted) {
      if (offset < log.tail.start()) {
        const before = offset;
        for await (const chunk of readBeginning(cluster, log, { offset, signal })) {
          offset += chunk.length;
          yield chunk;
        }
        triedWithoutGain = offset > before ? 0 : triedWithoutGain + 1;
        if (triedWithoutGain >= timesToCatchUp) throw new BrokenLogError('the beginning of the log cannot be read');
        continue;
      }
      const fresh = log.tail.from(offset);
      if (fresh.length > 0) {
        offset += fresh.length;
        yield fresh;
        continue;
      }
      if (log.state() === 'complete') return;
      if (log.state() === 'broken') throw new BrokenLogError('the rest of the log cannot be read');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stopListening();
    signal.removeEventListener('abort', onChange);
  }
}

/** What is no longer in memory, from an offset on; it may end early. */
async function* readBeginning(
  cluster: ClusterConnection,
  { record, tail }: JobLog,
  { offset, signal }: { offset: number; signal: AbortSignal },
): AsyncGenerator<Buffer, void> {
  let skip = offset;
  let given = offset;
  try {
    const query = { container: containerName };
    const body = await cluster.stream(logPath(record), { query, signal, silenceMs });
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length === 0) continue;
      given += fresh.length;
      yield fresh;
      if (given >= tail.start()) return;
    }
  } catch {
    // Whoever called sees how far it came, and tries again.
  }
}
