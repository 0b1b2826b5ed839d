/**
 * How many pairs stand in the wrong order: 0 when the values only rise. Counted while merging, in O(n log n).
 */
export function countInversions(values: readonly number[]): number {
  return sortAndCount([...values]).inversions;
}

function sortAndCount(values: number[]): { sorted: number[]; inversions: number } {
  if (values.length < 2) return { sorted: values, inversions: 0 };
  const half = values.length >> 1;
  const left = sortAndCount(values.slice(0, half));
  const right = sortAndCount(values.slice(half));
  const sorted: number[] = [];
  let inversions = left.inversions + right.inversions;
  let taken = 0;
  for (const value of right.sorted) {
    while (taken < left.sorted.length && left.sorted[taken]! <= value) sorted.push(left.sorted[taken++]!);
    inversions += left.sorted.length - taken;
    sorted.push(value);
  }
  return { sorted: [...sorted, ...left.sorted.slice(taken)], inversions };
}
