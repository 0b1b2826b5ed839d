// A job's entity tag (RFC 9110, section 8.8.3), and whether a request already has that of the present.
import { hash } from 'node:crypto';
import type { Job } from './job-view.ts';

/**
 * A weak tag: the same on any replica that knows the same of the job. An estimate that moves with the clock, and the
 * words of a reason that stays the same, are no change that anybody waits for.
 */
export function entityTagOf(job: Job): string {
  const content = JSON.stringify({ ...job, estimated_start_at: null, waiting_reason: job.waiting_reason?.code });
  return `W/"${hash('sha256', content, 'base64url').slice(0, 22)}"`;
}

/**
 * Whether an `If-None-Match` names this tag, by weak comparison.
 * @param ifNoneMatch `*`, or tags with commas between them
 */
export function namesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = tag.replace(/^W\//, '');
  const named: string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return named.includes(opaque);
}
