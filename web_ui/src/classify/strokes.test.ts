import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Drawing, decodeDrawing, encodeDrawing, extendStroke, type Stroke, traceStroke } from './strokes.ts';

/** What a stroke is drawn with, as text. */
function trace(stroke: Stroke): string[] {
  const calls: string[] = [];
  const note =
    (name: string) =>
    (...values: number[]) =>
      void calls.push(`${name} ${values.join(' ')}`);
  traceStroke({ moveTo: note('move'), lineTo: note('line'), quadraticCurveTo: note('curve') }, stroke);
  return calls;
}

test('points that are too near to the last one are left out, and those outside are brought to the edge', () => {
  const stroke = [{ x: 10, y: 10 }];
  const points = [
    { x: 11, y: 10 },
    { x: 14, y: 10 },
    { x: 300, y: -5 },
  ];
  expect(extendStroke(stroke, points)).toEqual([
    { x: 10, y: 10 },
    { x: 14, y: 10 },
    { x: 280, y: 0 },
  ]);
  expect(extendStroke(stroke, [{ x: 11, y: 11 }])).toBe(stroke);
});

test('a stroke is drawn as curves from middle to middle, and ends where the pen ended', () => {
  const stroke = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 20, y: 10 },
    { x: 20, y: 30 },
  ];
  expect(trace(stroke)).toEqual(['move 0 0', 'curve 10 0 15 5', 'curve 20 10 20 20', 'line 20 30']);
});

test('a single point is a dot', () => {
  expect(trace([{ x: 5, y: 6 }])).toEqual(['move 5 6', 'line 5 6']);
});

test('any drawing comes back from an address with its ends, and no point further than half a pixel from where it was', () => {
  const coordinate = fc.double({ min: 0, max: 280, noNaN: true });
  const stroke = fc.array(fc.record({ x: coordinate, y: coordinate }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(fc.array(stroke, { minLength: 1, maxLength: 4 }), (drawing: Drawing) => {
      const text = encodeDrawing(drawing)!;
      const decoded = decodeDrawing(text)!;
      expect(encodeURIComponent(text)).toBe(text);
      expect(decoded.length).toBe(drawing.length);
      for (const [index, stroke] of decoded.entries()) {
        const original = drawing[index]!;
        const isOfIt = (point: (typeof stroke)[number]) =>
          original.some(({ x, y }) => Math.abs(x - point.x) <= 0.25 && Math.abs(y - point.y) <= 0.25);
        expect(stroke.every(isOfIt)).toBe(true);
        expect(Math.abs(stroke.at(-1)!.x - original.at(-1)!.x)).toBeLessThanOrEqual(0.25);
      }
    }),
  );
});

test('a drawing that is too long for an address has none', () => {
  expect(encodeDrawing([Array.from({ length: 50 }, (_, i) => ({ x: i * 5, y: 0 }))], 100)).toBeUndefined();
});

test.each(['', '0', 'abc', '0000.', '.0000', '0000..0000', '00 0', 'AAAA', '%00'])('%j is no drawing', (text) => {
  expect(decodeDrawing(text)).toBeUndefined();
});

test('a drawing from an address stays on the field', () => {
  expect(decodeDrawing('zzzz')).toEqual([[{ x: 280, y: 280 }]]);
});
