import { beforeEach, expect, test } from 'vitest';
import { canUndo, type Input, nothing, readInput, replaceInput, setInput, undo } from './input.ts';

const drawing = (...strokes: number[]): Input => ({
  kind: 'drawing',
  drawing: strokes.map((x) => [{ x, y: x }]),
});

beforeEach(() => {
  while (canUndo()) undo();
  replaceInput(nothing);
});

test('undo goes back over what was put there, not over how a stroke grew', () => {
  setInput(drawing(1));
  setInput(drawing(1, 2));
  replaceInput(drawing(1, 3));
  setInput(nothing);
  const seen: Input[] = [];
  while (canUndo()) {
    undo();
    seen.push(readInput());
  }
  expect(seen).toEqual([drawing(1, 3), drawing(1), nothing]);
});

test('with nothing to go back to, undo leaves what is there', () => {
  replaceInput(drawing(5));
  undo();
  expect([readInput(), canUndo()]).toEqual([drawing(5), false]);
});
