import { expect, test } from 'vitest';
import { retry } from './retry.ts';

/** Asks a cluster that fails so often first, in other words each time; gives what came of it and what was said. */
async function ask(failures: number, signal = new AbortController().signal) {
  const said: string[] = [];
  let asked = 0;
  const answer = async () => {
    if (++asked <= failures) throw new Error(`connection ${asked} refused`);
    return 'an answer';
  };
  const wait = { say: (text: string) => void said.push(text), signal, pollMs: 0 };
  const outcome = await retry(answer, wait).catch((error: Error) => error.message);
  return { outcome, said };
}

test('a cluster that gives no answer is asked again, and it is said why', async () => {
  expect(await ask(2)).toEqual({
    outcome: 'an answer',
    said: [
      'the cluster gave no answer, asking again (1 of 4): connection 1 refused',
      'the cluster gave no answer, asking again (2 of 4): connection 2 refused',
    ],
  });
});

test('after five failures in a row the last of them is what is thrown', async () => {
  const { outcome, said } = await ask(5);
  expect(outcome).toBe('connection 5 refused');
  expect(said).toHaveLength(4);
});

test('nothing is asked again once the user has stopped it', async () => {
  expect(await ask(5, AbortSignal.abort(new Error('stopped')))).toEqual({ outcome: 'stopped', said: [] });
});
