import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createScreen, formatSeconds } from './screen.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createRecordedScreen(isTerminal: boolean, width?: number) {
  const written: string[] = [];
  const screen = createScreen({ write: (text) => void written.push(text), isTerminal, width }, () => Date.now());
  return { screen, written };
}

describe('Where there is no terminal', () => {
  test('each thing that goes on gives a sign of life every three seconds, as a plain line', () => {
    const { screen, written } = createRecordedScreen(false);
    const line = screen.begin('Kubernetes');
    line.say('12 of 900 packages compiled');
    vi.advanceTimersByTime(3_000);
    line.say('200 of 900 packages compiled');
    vi.advanceTimersByTime(3_000);
    line.end('built');
    screen.close();
    expect(written).toEqual([
      '… Kubernetes (3.0 s): 12 of 900 packages compiled\n',
      '… Kubernetes (6.0 s): 200 of 900 packages compiled\n',
      '✓ Kubernetes: built (6.0 s)\n',
    ]);
  });

  test('a failure is one line', () => {
    const { screen, written } = createRecordedScreen(false);
    screen.begin('Go').fail('no room');
    expect(written).toEqual(['✗ Go: no room (0.0 s)\n']);
  });
});

describe('On a terminal', () => {
  test('the lines of what goes on are redrawn in place, and cut to its width', () => {
    const { screen, written } = createRecordedScreen(true, 27);
    screen.begin('Kubernetes').say('compiling for a long time');
    vi.advanceTimersByTime(400);
    screen.close();
    expect(written).toEqual([
      '… Kubernetes (0.2 s): com…\n',
      '\u001b[1A\u001b[J',
      '… Kubernetes (0.4 s): com…\n',
      '\u001b[1A\u001b[J',
    ]);
  });
});

test.each([
  [840, '0.8 s'],
  [42_300, '42 s'],
  [200_000, '3 min 20 s'],
  [359_900, '6 min 0 s'],
])('%i ms are shown as %s', (ms, text) => {
  expect(formatSeconds(ms)).toBe(text);
});
