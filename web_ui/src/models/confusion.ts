/** What a confusion matrix says: rows are true classes, columns what they were taken for. */
import { formatCount, formatShare } from '../parts/format.ts';

export interface Cell {
  actual: number;
  predicted: number;
  count: number;
  /** Images of the true class. */
  total: number;
}

/** One cell of a matrix. */
export function cellOf(matrix: number[][], actual: number, predicted: number): Cell {
  const row = matrix[actual]!;
  return { actual, predicted, count: row[predicted]!, total: row.reduce((sum, count) => sum + count, 0) };
}

/** The mistakes that were made most often, the most frequent first. */
export function commonMistakes(matrix: number[][], most: number): Cell[] {
  const all = matrix.flatMap((row, actual) => row.map((_, predicted) => cellOf(matrix, actual, predicted)));
  return all
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, most);
}

/** A cell in words. */
export function describeCell({ actual, predicted, count, total }: Cell, labels: string[]): string {
  const share =
    total > 0 ? `${formatCount(count)} of ${formatCount(total)} (${formatShare(count / total)})` : 'no images';
  const name = labels[actual] ?? String(actual);
  return actual === predicted ? `${name} recognised: ${share}` : `${name} taken for ${labels[predicted]}: ${share}`;
}

/**
 * How strongly a cell is coloured, 0 to 1. A good network's mistakes are less than a hundredth of its hits: they are
 * measured by the most frequent mistake, so that it can be seen where they are.
 */
export function shadeOf({ actual, predicted, count, total }: Cell, mostFrequent: number): number {
  if (count === 0 || total === 0) return 0;
  if (actual === predicted) return count / total;
  return 0.08 + 0.5 * (count / Math.max(1, mostFrequent));
}
