import { problem } from '@ml-job-mesh/http-service';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { type ViewedTier, viewJob } from './job-view.ts';

export interface PageRequest {
  limit: number;
  /** Where the page before ended. */
  cursor?: string | undefined;
  matches: (record: JobRecord) => boolean;
}

interface Fragment {
  state: JobRecord['state'];
  progress: JobRecord['progress'];
  text: string;
}

/** A job's JSON is made again only when the job has changed. */
const fragments = new WeakMap<JobRecord, Fragment>();

/**
 * One page of the jobs, newest first, as JSON text `{"jobs":[…],"next_cursor":…}`. The cursor names the last job
 * given, not a number of jobs, so that jobs that come or go between pages make no page skip or repeat one.
 * @throws ServiceError 400 for a cursor that is none of ours
 */
export function listPage(tier: ViewedTier, index: JobIndex, { limit, cursor, matches }: PageRequest): string {
  const jobs: string[] = [];
  let position = cursor === undefined ? index.ordered.length - 1 : index.indexInOrder(readCursor(cursor)) - 1;
  let last: JobRecord | undefined;
  for (; position >= 0 && jobs.length < limit; position--) {
    const record = index.ordered[position]!;
    if (!matches(record)) continue;
    jobs.push(jsonOf(tier, index, record));
    last = record;
  }
  const hasMore = position >= 0 && last !== undefined;
  return `{"jobs":[${jobs.join(',')}],"next_cursor":${hasMore ? `"${writeCursor(last!.key)}"` : 'null'}}`;
}

function jsonOf(tier: ViewedTier, index: JobIndex, record: JobRecord): string {
  const { state, progress } = record;
  let fragment = fragments.get(record);
  if (fragment?.state !== state || fragment.progress !== progress) {
    fragment = { state, progress, text: JSON.stringify(viewJob(tier, record, null)) };
    fragments.set(record, fragment);
  }
  const waiting = index.queuePosition(record);
  return waiting === null
    ? fragment.text
    : fragment.text.replace('"queue_position":null', `"queue_position":${waiting}`);
}

function writeCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function readCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{4}-[\dTZ:-]+\|\d*\|[a-z0-9-]+$/.test(key)) return key;
  throw problem('invalid_request', '"cursor" has to be the "next_cursor" of an earlier answer');
}
