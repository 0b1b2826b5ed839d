import { median } from '../table.ts';

/**
 * How two series that were measured in turns compare: the median of each turn's own ratio, so that what slowed a whole
 * turn down falls out. Turns that only one of them has do not count.
 */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  const turns = Math.min(ours.length, theirs.length);
  return median(ours.slice(0, turns).map((value, turn) => value / theirs[turn]!));
}
