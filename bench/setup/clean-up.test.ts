import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { started, withCleanUp } from './clean-up.ts';

test('what was started is ended, the last first, and the work’s result is given', async () => {
  const ended: string[] = [];
  const result = await withCleanUp(async (stack) => {
    for (const name of ['cluster', 'service']) {
      await started(
        stack,
        async () => name,
        async (thing) => ended.push(thing),
      );
    }
    return 42;
  });
  expect({ result, ended }).toEqual({ result: 42, ended: ['service', 'cluster'] });
});

test('it is ended too when the work fails, and the failure is told', async () => {
  const ended: string[] = [];
  const work = withCleanUp(async (stack) => {
    stack.defer(() => void ended.push('cluster'));
    throw new Error('a target was not there');
  });
  await expect(work).rejects.toThrow('a target was not there');
  expect(ended).toEqual(['cluster']);
});

test('an interrupted benchmark ends what is only being started, and says so in its exit code', async () => {
  const program = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { started, withCleanUp } from ${JSON.stringify(new URL('clean-up.ts', import.meta.url).href)};
    await withCleanUp(async (stack) => {
      await started(stack, async () => { console.log('starting'); await sleep(300); return 'cluster'; },
        async (thing) => console.log('ended', thing));
      await sleep(60_000);
    });`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    if (output === '') child.kill('SIGINT');
    output += chunk;
  });
  const [code] = await once(child, 'close');
  expect({ code, output }).toEqual({ code: 130, output: 'starting\nended cluster\n' });
});
