import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createStepRunner, StepError } from './step-runner.ts';

/** An output that is no terminal, and what was written to it. */
function recordOutput() {
  const written: string[] = [];
  return { output: { write: (text: string) => void written.push(text), isTerminal: false }, written };
}

/** Lines without the times that they end with. */
function withoutTimes(written: string[]): string[] {
  return written.map((line) => line.replace(/ \([\d.]+ s\)\n$/, ''));
}

describe('The step runner', () => {
  test('hands a step what the steps before it gave, in the order in which it named them', async () => {
    const runner = createStepRunner(recordOutput().output);
    const two = runner.step('two', [], async () => ({ value: 2 }));
    const name = runner.step('name', [], async () => ({ value: 'x' }));
    const all = runner.step('all', [name, two], async (_, text, number) => ({ value: text.repeat(number) }));
    await runner.finish();
    expect(await all).toBe('xx');
  });

  test('runs steps that do not need each other side by side', async () => {
    const runner = createStepRunner(recordOutput().output);
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    runner.step('first', [], async () => {
      order.push('first begins');
      await first.promise;
      order.push('first ends');
      return { value: 1 };
    });
    runner.step('second', [], async () => {
      order.push('second');
      first.resolve();
      return { value: 2 };
    });
    await runner.finish();
    expect(order).toEqual(['first begins', 'second', 'first ends']);
  });

  test('says what was done, and nothing of what was there before', async () => {
    const { output, written } = recordOutput();
    const runner = createStepRunner(output);
    runner.step('Envoy', [], async () => ({ value: 1, done: '1.40.0' }));
    runner.step('MNIST', [], async () => ({ value: 1 }));
    await runner.finish();
    expect(withoutTimes(written)).toEqual(['✓ Envoy: 1.40.0']);
  });

  test('says once, in one line, what failed; what needs it does not begin, and what runs is told to stop', async () => {
    const { output, written } = recordOutput();
    const runner = createStepRunner(output);
    let wasStopped = false;
    let hasBegun = false;
    runner.step('long', [], async ({ signal }) => {
      await sleep(60_000, undefined, { signal }).catch(() => {
        wasStopped = true;
      });
      return { value: 1 };
    });
    const broken = runner.step('Python', [], async () => {
      await sleep(10);
      throw new Error('there is none');
    });
    const after = runner.step('packages', [broken], async () => {
      hasBegun = true;
      return { value: 1 };
    });
    await expect(runner.finish()).rejects.toEqual(new StepError('Python: there is none'));
    await expect(after).rejects.toThrow('Python: there is none');
    expect([wasStopped, hasBegun]).toEqual([true, false]);
    expect(withoutTimes(written)).toEqual(['✗ Python: there is none']);
  });

  test('stops when the user has had enough', async () => {
    const cancel = new AbortController();
    const runner = createStepRunner(recordOutput().output, cancel.signal);
    const step = runner.step('long', [], async ({ signal }) => {
      await sleep(60_000, undefined, { signal });
      return { value: 1 };
    });
    cancel.abort();
    await expect(runner.finish()).rejects.toThrow('stopped before everything was ready');
    await expect(step).rejects.toThrow();
  });
});
