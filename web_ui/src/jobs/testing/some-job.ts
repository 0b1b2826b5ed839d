import type { Job } from '../tier-state.ts';

/** A job for tests, of which only what matters is said. */
export function someJob(id: string, rest: Partial<Job> = {}): Job {
  return {
    ...{ id, tier: 'free', dataset: 'mnist', model: 'ff', epochs: 5, pretrained: false, status: 'running' },
    ...{ queue_position: null, estimated_start_at: null, waiting_reason: null },
    ...{ created_at: '2026-11-21T10:00:00.000Z', started_at: null, finished_at: null },
    ...{ progress: null, result: null, error: null },
    ...rest,
  };
}
