import { problem } from '@ml-job-mesh/http-service';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import type { Job } from './job-view.ts';

export interface PageRequest {
  limit: number;
  /** Where the page before ended. */
  cursor?: string | undefined;
  matches: (record: JobRecord) => boolean;
}

type View = (record: JobRecord) => Job;

interface Fragment {
  state: JobRecord['state'];
  progress: JobRecord['progress'];
  text: string;
}

/** An estimate moves with the clock; it is told anew after so long at the latest, in milliseconds. */
const keptMs = 2_000;

/** Of the jobs, of why they wait, and of the moment: while it stays the same, so does every page. */
export function listVersion(index: { version(): number }, reasons: { version(): number }): string {
  return `${index.version()}.${reasons.version()}.${Math.floor(performance.now() / keptMs)}`;
}

/** A job's JSON is made again only when the job has changed. */
const fragments = new WeakMap<JobRecord, Fragment>();

/**
 * One page of the jobs, newest first, as JSON text `{"jobs":[…],"next_cursor":…}`. The cursor names the last job
 * given, not a number of jobs, so that jobs that come or go between pages make no page skip or repeat one.
 * @throws ServiceError 400 for a cursor that is none of ours
 */
export function listPage(index: JobIndex, view: View, { limit, cursor, matches }: PageRequest): string {
  const jobs: string[] = [];
  let position = cursor === undefined ? index.ordered.length - 1 : index.indexInOrder(readCursor(cursor)) - 1;
  let last: JobRecord | undefined;
  for (; position >= 0 && jobs.length < limit; position--) {
    const record = index.ordered[position]!;
    if (!matches(record)) continue;
    jobs.push(jsonOf(record, view));
    last = record;
  }
  const hasMore = position >= 0 && last !== undefined;
  return `{"jobs":[${jobs.join(',')}],"next_cursor":${hasMore ? `"${writeCursor(last!.key)}"` : 'null'}}`;
}

/** A job as JSON text. */
export function jsonOf(record: JobRecord, view: View): string {
  const { state, progress } = record;
  // Of one that waits, more changes than itself.
  if (state.status === 'queued' || state.status === 'starting') return JSON.stringify(view(record));
  let fragment = fragments.get(record);
  if (fragment?.state !== state || fragment.progress !== progress) {
    fragment = { state, progress, text: JSON.stringify(view(record)) };
    fragments.set(record, fragment);
  }
  return fragment.text;
}

function writeCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function readCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{4}-[\dTZ:-]+\|\d*\|[a-z0-9-]+$/.test(key)) return key;
  throw problem('invalid_request', '"cursor" has to be the "next_cursor" of an earlier answer');
}
