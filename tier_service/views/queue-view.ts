import { type Static, Type } from 'typebox';
import type { JobIndex } from '../records/job-index.ts';
import { WaitingReason } from '../state/waiting.ts';
import { recentWaits } from './recent-waits.ts';

/** The queue as clients see it. */
export const Queue = Type.Object(
  {
    running: Type.Integer({ description: 'Jobs that have a place: starting or running.' }),
    waiting: Type.Integer(),
    limit: Type.Union([Type.Integer(), Type.Null()], {
      description: 'How many jobs the quota lets run at a time; null where nothing limits them.',
    }),
    waiting_reason: Type.Union([WaitingReason, Type.Null()], {
      description:
        'Why the next job has no place yet, or why one that has its place does not start; null where nobody waits.',
    }),
    recent_waits_seconds: Type.Array(Type.Number(), {
      description: 'How long the last jobs waited, newest first, at most 10.',
    }),
  },
  { title: 'Queue' },
);
export type Queue = Static<typeof Queue>;

export interface QueueSources {
  index: JobIndex;
  places: () => number | undefined;
  reasons: { ofQueue(): WaitingReason | null };
}

/** The queue at this moment. */
export function viewQueue({ index, places, reasons }: QueueSources): Queue {
  return {
    running: index.counts.starting + index.counts.running,
    waiting: index.counts.queued,
    limit: places() ?? null,
    waiting_reason: reasons.ofQueue(),
    recent_waits_seconds: recentWaits(index, 10),
  };
}
