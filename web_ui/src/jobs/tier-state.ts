/** What the page knows of a tier, from the stream of its events. */
import type { ServerSentEvent } from '@ml-job-mesh/mesh-client/event-stream.ts';
import type { TierName } from '@ml-job-mesh/tier-service/tier-names.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import type { Queue } from '@ml-job-mesh/tier-service/views/queue-view.ts';
import type { LiveResource } from '../live/live-resource.ts';

export type { Job, Queue, TierName };

export interface TierState {
  /** By id. An object stays the same while its job does, so that a row is drawn only when there is something new in it. */
  jobs: ReadonlyMap<string, Job>;
  queue: Queue;
  /** Why what is shown may be out of date; undefined while it is not. */
  stale: { title: string; detail: string } | undefined;
  /** When there was last news of each job that runs, in milliseconds since 1970. */
  newsAt: ReadonlyMap<string, number>;
  /** Grows when the list has come anew, or a job is gone: what was read of older jobs may be wrong since. */
  generation: number;
}

/** More jobs than this are not kept; the oldest that have ended go first. They are still there to be asked for. */
const mostJobs = 1_000;

/** The stream of a tier's events. */
export function tierEvents(tier: TierName): LiveResource<TierState> {
  return { path: `/${tier}/events`, reduce: (state, event) => reduceTier(state, event, Date.now()) };
}

/** The state after an event; the same object where nothing has changed. */
export function reduceTier(state: TierState | undefined, { event, data }: ServerSentEvent, now: number) {
  const told = JSON.parse(data);
  if (event === 'jobs') return replaceAll(state, told, now);
  if (!state) return undefined;
  if (event === 'job') return withJob(state, told, now);
  if (event === 'removed') return withoutJob(state, told.id);
  if (event === 'waiting') return withPlaces(state, told.jobs);
  if (event === 'queue') return { ...state, queue: told as Queue };
  if (event === 'stale') return { ...state, stale: told };
  return state;
}

function replaceAll(state: TierState | undefined, told: { jobs: Job[]; queue: Queue }, now: number): TierState {
  const jobs = new Map<string, Job>();
  const newsAt = new Map<string, number>();
  for (const job of told.jobs) {
    const before = state?.jobs.get(job.id);
    const isSame = before !== undefined && JSON.stringify(before) === JSON.stringify(job);
    jobs.set(job.id, isSame ? before : job);
    if (job.status === 'running') newsAt.set(job.id, newsOf(state, job, now));
  }
  return { jobs, queue: told.queue, stale: undefined, newsAt, generation: (state?.generation ?? 0) + 1 };
}

/** A tier's state with a job as it is now. */
export function withJob(state: TierState, job: Job, now: number): TierState {
  const before = state.jobs.get(job.id);
  const jobs = new Map(state.jobs).set(job.id, job);
  const newsAt = new Map(state.newsAt);
  newsAt.delete(job.id);
  if (job.status === 'running') newsAt.set(job.id, newsOf(state, job, now));
  if (!before && jobs.size > mostJobs) dropOldest(jobs);
  return { ...state, jobs, newsAt };
}

function withoutJob(state: TierState, id: string): TierState {
  const jobs = new Map(state.jobs);
  const newsAt = new Map(state.newsAt);
  jobs.delete(id);
  newsAt.delete(id);
  return { ...state, jobs, newsAt, generation: state.generation + 1 };
}

type Place = Pick<Job, 'id' | 'queue_position' | 'estimated_start_at' | 'waiting_reason'>;

function withPlaces(state: TierState, places: Place[]): TierState {
  const jobs = new Map(state.jobs);
  for (const place of places) {
    const job = jobs.get(place.id);
    if (job) jobs.set(place.id, { ...job, ...place });
  }
  return { ...state, jobs };
}

/** Since when nothing has changed of a job that runs. */
function newsOf(state: TierState | undefined, job: Job, now: number): number {
  const before = state?.jobs.get(job.id);
  const isNews = !before || before.status !== job.status || ordinal(before) !== ordinal(job);
  return isNews ? now : (state?.newsAt.get(job.id) ?? now);
}

const ordinal = ({ progress }: Job) => (progress ? `${progress.epoch} ${progress.step}` : '');

function dropOldest(jobs: Map<string, Job>): void {
  let oldest: Job | undefined;
  for (const job of jobs.values()) {
    if (!hasEnded(job)) continue;
    if (!oldest || job.created_at < oldest.created_at) oldest = job;
  }
  if (oldest) jobs.delete(oldest.id);
}

/** Whether nothing will change of a job any more. */
export function hasEnded({ status }: Pick<Job, 'status'>): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}
