/** The list of jobs of all tiers: filters, order, pages. */
import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';
import { hasEnded, type Job, type TierName } from './tier-state.ts';

export interface Filters {
  tier: TierName | undefined;
  status: Status | undefined;
  dataset: string | undefined;
  /** Only the jobs that were started in this browser. */
  mine: boolean;
}

/** Statuses that a user tells apart. */
export const statuses = ['waiting', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type Status = (typeof statuses)[number];

/** The filters that an address names; what it does not know is passed over. */
export function readFilters(params: URLSearchParams): Filters {
  const tier = tierNames.find((each) => each === params.get('tier'));
  const status = statuses.find((each) => each === params.get('status'));
  return {
    tier,
    status,
    dataset: params.get('dataset') ?? undefined,
    mine: params.get('mine') === 'yes',
  };
}

/** Whether any filter is on. */
export const isFiltered = ({ tier, status, dataset, mine }: Filters) => !!(tier || status || dataset || mine);

/** The status that a user goes by: a job that has its place and does not run yet waits as well. */
export function statusOf({ status }: Job): Status {
  return status === 'queued' || status === 'starting' ? 'waiting' : status;
}

/** The jobs that pass the filters, newest first. Of a job that is in more than one of the lists, the first counts. */
export function listJobs(lists: Iterable<Job>[], filters: Filters, isMine: (id: string) => boolean): Job[] {
  const { tier, status, dataset, mine } = filters;
  const found = new Map<string, Job>();
  for (const list of lists) {
    for (const job of list) {
      if (found.has(job.id)) continue;
      if ((tier && job.tier !== tier) || (dataset && job.dataset !== dataset)) continue;
      if ((status && statusOf(job) !== status) || (mine && !isMine(job.id))) continue;
      found.set(job.id, job);
    }
  }
  return [...found.values()].sort((a, b) => compare(b.created_at, a.created_at) || compare(b.id, a.id));
}

export interface Page<T> {
  items: T[];
  /** From 1. */
  number: number;
  pages: number;
  /** The place of its first item among all, from 1; 0 where there is none. */
  first: number;
  total: number;
}

/** One page of a list; a number that there is no page for gives the nearest. */
export function pageOf<T>(list: T[], number: number, size: number): Page<T> {
  const pages = Math.max(1, Math.ceil(list.length / size));
  const shown = Math.min(pages, Math.max(1, Math.trunc(number) || 1));
  const start = (shown - 1) * size;
  const items = list.slice(start, start + size);
  return { items, number: shown, pages, first: items.length > 0 ? start + 1 : 0, total: list.length };
}

/** The jobs that have a place, in the order in which they got it. */
export function placedJobs(jobs: Iterable<Job>): Job[] {
  return [...jobs]
    .filter(({ status }) => status === 'running' || status === 'starting')
    .sort((a, b) => compare(a.started_at ?? '~', b.started_at ?? '~') || compare(a.created_at, b.created_at));
}

/** The jobs that wait for a place, the next one first. */
export function waitingLine(jobs: Iterable<Job>): Job[] {
  return [...jobs]
    .filter((job) => job.queue_position !== null && !hasEnded(job))
    .sort((a, b) => a.queue_position! - b.queue_position!);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
