import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from './terminal.ts';

const never = new AbortController().signal;

/** Asks, and answers with what is typed, or closes the terminal. */
async function ask(typed: string | undefined, signal = never, isInteractive = true) {
  const input = new PassThrough();
  let shown = '';
  const write = (text: string) => {
    shown += text;
  };
  const output = { write, isTerminal: false };
  const asked = confirm({ output, input, isInteractive }, 'Go on?', signal);
  if (typed === undefined) input.end();
  else input.write(typed);
  const outcome = await asked.then(
    () => 'confirmed',
    (error: Error) => error.message,
  );
  return { outcome, shown };
}

test.each(['y\n', 'Yes\n', ' y \n'])('%j is a yes', async (typed) => {
  expect(await ask(typed)).toEqual({ outcome: 'confirmed', shown: 'Go on? [y/N] ' });
});

test.each(['\n', 'n\n', 'yesterday\n', undefined])('%j is a no', async (typed) => {
  expect(await ask(typed)).toEqual({ outcome: 'not confirmed. Nothing was changed', shown: 'Go on? [y/N] ' });
});

test('Ctrl-C while it asks is a no', async () => {
  expect(await ask('', AbortSignal.abort())).toMatchObject({ outcome: 'not confirmed. Nothing was changed' });
});

test('a script has to say --yes', async () => {
  expect(await ask('y\n', never, false)).toEqual({
    outcome: 'there is no terminal to ask on. If the above is what you want, add --yes. Nothing was changed',
    shown: '',
  });
});
