// What a stream of all jobs begins with: so much of the list as a page can show, whatever there is.
import type { JobIndex } from '../records/job-index.ts';
import { byAcceptance, type JobRecord } from '../records/job-record.ts';

/** So many of the newest jobs are told. */
const newestJobs = 200;
/** So many of those that have not ended are told besides, the ones furthest ahead, however old they are. */
const furthestAhead = 200;
/** So many places in the line are told as they change. */
const placesTold = 500;

type Listed = Pick<JobIndex, 'ordered' | 'running' | 'starting' | 'queue'>;

/**
 * The newest jobs, and of those that run or wait the ones furthest ahead; newest first.
 * @param matches whether a client may see a job
 */
export function listSnapshot(index: Listed, matches: (record: JobRecord) => boolean): JobRecord[] {
  const chosen = new Set<JobRecord>();
  for (let position = index.ordered.length - 1; position >= 0 && chosen.size < newestJobs; position--) {
    const record = index.ordered[position]!;
    if (matches(record)) chosen.add(record);
  }
  let ahead = 0;
  for (const record of inOrderOfStart(index)) {
    if (ahead === furthestAhead) break;
    if (!matches(record)) continue;
    chosen.add(record);
    ahead++;
  }
  return [...chosen].sort((left, right) => byAcceptance(right, left));
}

/** Those that run, those that start, and those that wait, the next one first. */
function* inOrderOfStart({ running, starting, queue }: Listed): Generator<JobRecord> {
  yield* running;
  yield* starting;
  yield* queue;
}

/** The jobs that wait whose places are told as they change; further behind, only when they come this far. */
export function* waitingInSight({ starting, queue }: Listed): Generator<JobRecord> {
  yield* starting;
  yield* queue.slice(0, placesTold);
}
