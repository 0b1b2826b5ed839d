import { problem } from '@ml-job-mesh/http-service';
import type { JobIndex } from './job-index.ts';
import type { JobRecord } from './job-record.ts';

/**
 * The index's own record of a job that is known to exist; the watch shows it within moments.
 * @throws ServiceError 503 when it does not
 */
export async function awaitRecord(
  index: JobIndex,
  { id, uid }: Pick<JobRecord, 'id' | 'uid'>,
  timeoutMs = 3_000,
): Promise<JobRecord> {
  const known = index.get(id);
  if (known?.uid === uid) return known;
  const { promise, resolve, reject } = Promise.withResolvers<JobRecord>();
  const stop = index.onChange((record) => {
    if (record.uid === uid) resolve(record);
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
