import { expect, test } from 'vitest';
import { describeCurve, epochOf, thin, writeTicks } from './curve-points.ts';

const points = (count: number) => Array.from({ length: count }, (_, x) => ({ x, y: x }));

test('a step of training lies between the ends of its epoch', () => {
  expect([epochOf({ epoch: 1, step: 300, steps: 600 }), epochOf({ epoch: 5, step: 600, steps: 600 })]).toEqual([
    0.5, 5,
  ]);
});

test('of many points so many are shown, the first and the last among them', () => {
  const shown = thin(points(1_001), 101);
  expect([shown.length, shown[0]!.x, shown[50]!.x, shown.at(-1)!.x]).toEqual([101, 0, 500, 1_000]);
  const few = points(100);
  expect(thin(few, 101)).toBe(few);
});

test('a curve is told in words, also before it has points', () => {
  expect(describeCurve('loss', [])).toBe('loss by epoch: no points yet');
  expect(describeCurve('loss', [{ x: 0.5, y: 0.25 }])).toBe('loss by epoch: 0.250 at epoch 0.5');
  const two = [
    { x: 0.5, y: 0.25 },
    { x: 5, y: 0.0712 },
  ];
  expect(describeCurve('loss', two)).toBe('loss by epoch: from 0.250 to 0.071 at epoch 5.0');
});

test('no two lines of a grid are written alike', () => {
  expect(writeTicks([0, 0.5, 1], 0.5)).toEqual(['0.0', '0.5', '1.0']);
  expect(writeTicks([0, 0.05, 0.1], 0.05)).toEqual(['0.00', '0.05', '0.10']);
  expect(writeTicks([0, 0.1, 0.2], 0.1)).toEqual(['0.0', '0.1', '0.2']);
});
