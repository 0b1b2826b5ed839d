import { expect, test } from 'vitest';
import { describeJob } from './job-text.ts';
import { jobWith } from './testing/stub-mesh.ts';

const now = Date.parse('2026-01-01T10:00:00Z');
const quotaFull = { code: 'quota_full', message: 'All places are taken: 2 of 2.' } as const;
const noRoom = { code: 'no_room', message: 'No node has room for it.' } as const;

test.each([
  [{ status: 'queued', queue_position: 3, waiting_reason: quotaFull }, 'queued, number 3 in line'],
  [
    { status: 'queued', queue_position: 3, estimated_start_at: '2026-01-01T10:01:30Z', waiting_reason: quotaFull },
    'queued, number 3 in line, starts in about 90 s',
  ],
  [
    { status: 'queued', queue_position: 1, waiting_reason: noRoom },
    'queued, number 1 in line: No node has room for it. (no_room)',
  ],
  [{ status: 'starting', waiting_reason: null }, 'starting'],
  [{ status: 'starting', waiting_reason: noRoom }, 'starting: No node has room for it. (no_room)'],
] as const)('%j is: %s', (changes, text) => {
  expect(describeJob(jobWith(changes), now)).toBe(text);
});
