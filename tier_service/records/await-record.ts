import { problem } from '@ml-job-mesh/http-service';
import type { JobIndex, JobRecord } from './job-index.ts';

/**
 * The index's own record of a job that is known to exist; the watch shows it within moments.
 * @throws ServiceError 503 when it does not
 */
export async function awaitRecord(
  index: JobIndex,
  { id }: Pick<JobRecord, 'id'>,
  timeoutMs = 3_000,
): Promise<JobRecord> {
  const known = index.get(id);
  if (known) return known;
  const { promise, resolve, reject } = Promise.withResolvers<JobRecord>();
  const stop = index.onChange((record) => {
    if (record.id === id) resolve(record);
  });
  const late = problem('cluster_unavailable', 'the watch on the cluster is late; please repeat the request', {
    retryAfterSeconds: 1,
  });
  const timer = setTimeout(() => reject(late), timeoutMs);
  return promise.finally(() => {
    stop();
    clearTimeout(timer);
  });
}
