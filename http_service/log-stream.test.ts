import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { createLogStream } from './log-stream.ts';

afterEach(() => void vi.useRealTimers());

test('the lines of a moment are written together, in their order', () => {
  vi.useFakeTimers();
  const written: string[] = [];
  const stream = createLogStream({ write: (text: unknown) => written.push(String(text)) > 0 });
  stream.write('one\n');
  stream.write('two\n');
  expect(written).toEqual([]);
  vi.advanceTimersByTime(50);
  stream.write('three\n');
  vi.advanceTimersByTime(50);
  vi.advanceTimersByTime(1_000);
  expect(written).toEqual(['one\ntwo\n', 'three\n']);
});

test('nothing is lost when the process ends', async () => {
  const program = `
    import { createLogStream } from ${JSON.stringify(new URL('log-stream.ts', import.meta.url).href)};
    createLogStream().write('the last line\\n');
    process.exit(1);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  expect(output).toBe('the last line\n');
});
