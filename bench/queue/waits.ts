import { countInversions } from '../measure/inversions.ts';
import type { SeenPod } from './pod-recorder.ts';

/**
 * How long each place stayed empty, in milliseconds: from a pod's end to the next pod's creation. The first end is
 * followed by the first pod beyond the places there are, and so on; ends after which nothing waited do not count.
 * @param places how many pods the quota lets be at a time
 */
export function emptyPlaceMs(pods: readonly SeenPod[], places: number): number[] {
  const ends = pods.flatMap(({ endedAt }) => endedAt ?? []).sort((a, b) => a - b);
  const created = pods.map(({ createdAt }) => createdAt).sort((a, b) => a - b);
  return created.slice(places).map((createdAt, turn) => Math.max(0, createdAt - (ends[turn] ?? Number.NaN)));
}

/** How many pairs of jobs started in another order than they were accepted in. */
export function orderInversions(pods: readonly SeenPod[], accepted: readonly string[]): number {
  const places = new Map(accepted.map((job, place) => [job, place]));
  const started = pods.toSorted((a, b) => a.createdAt - b.createdAt).map(({ job }) => places.get(job) ?? -1);
  return countInversions(started.filter((place) => place >= 0));
}
