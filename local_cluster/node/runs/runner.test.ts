import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { type ShimConfig, startTicksOf } from './records.ts';
import { Runner } from './runner.ts';

/** Set where inotify has no watches left. */
let watchFault: Error | undefined;
vi.mock('node:fs', async (load) => {
  const original = await load<typeof import('node:fs')>();
  const watch = (...given: Parameters<typeof original.watch>) => {
    if (watchFault) throw watchFault;
    return original.watch(...given);
  };
  return { ...original, watch };
});

const folder = mkdtempSync(join(tmpdir(), 'runner-'));
const config: ShimConfig = {
  argv: ['true'],
  env: [],
  cwd: '/',
  log: '/dev/null',
  cgroups: [],
  memoryEvents: '',
  niceness: 0,
  hosts: '',
  paths: [],
  image: {},
};

afterEach(() => {
  watchFault = undefined;
});

/** Stands in for the shim: a script that does this for `run`, and that for `settle`. */
function shimThat(run: string, settle = ''): string {
  const file = join(mkdtempSync(join(folder, 'shim-')), 'shim');
  writeFileSync(
    file,
    `#!/bin/sh\nif [ "$1" = run ]; then cd "$2"; ${run || ':'}; else cd "$2"; ${settle || ':'}; fi\n`,
  );
  chmodSync(file, 0o700);
  return file;
}

const exit = (code: number) =>
  `{"exitCode":${code},"signal":0,"oomKilled":false,"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:01Z"}`;

async function runToEnd(shim: string): Promise<Runner> {
  const ended = Promise.withResolvers<void>();
  const runner = new Runner(mkdtempSync(join(folder, 'container-')), shim, () => {
    if (!runner.isActive) ended.resolve();
  });
  runner.start(() => config);
  await ended.promise;
  return runner;
}

test('a run ends with what its shim has recorded', async () => {
  const runner = await runToEnd(shimThat(`echo '${exit(3)}' > exit.json`));
  expect(runner.current?.exit?.exitCode).toBe(3);
});

test('a run is followed to its end where the system has no more watches to give', async () => {
  watchFault = Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' });
  const shim = shimThat(`sleep 0.1; echo '${exit(4)}' > .new; mv .new exit.json; sleep 5`);
  const runner = await runToEnd(shim);
  expect(runner.current?.exit?.exitCode).toBe(4);
});

test('a shim that leaves an empty record is settled', async () => {
  const runner = await runToEnd(shimThat(': > exit.json', `echo '${exit(137)}' > exit.json`));
  expect(runner.current?.exit?.exitCode).toBe(137);
});

test('a shim that cannot be run is the end of the run', async () => {
  const runner = await runToEnd(join(folder, 'no-such-shim'));
  expect(runner.current?.exit).toMatchObject({ exitCode: 128, startError: expect.stringContaining('ENOENT') });
});

test('so is one of which the system says so at once', async () => {
  const runner = await runToEnd('a shim with a \0 in its name');
  expect(runner.current?.exit).toMatchObject({ exitCode: 128, startError: expect.stringContaining('null bytes') });
});

test('the records of an earlier agent are read, empty ones as if they were not there', async () => {
  const container = mkdtempSync(join(folder, 'container-'));
  for (const [run, content] of Object.entries({ 0: exit(1), 1: '' })) {
    mkdirSync(join(container, run));
    writeFileSync(join(container, run, 'exit.json'), content);
  }
  const runner = new Runner(container, shimThat('', `echo '${exit(137)}' > exit.json`), () => undefined);
  await runner.adopt();
  expect(runner.runs.map(({ exit }) => exit?.exitCode)).toEqual([1, 137]);
  rmSync(container, { recursive: true });
});

test('an agent that has no file descriptors takes no container for ended, and learns of its end when it has some', async () => {
  const container = mkdtempSync(join(folder, 'container-'));
  const run = join(container, '0');
  mkdirSync(run);
  // Its shim is, for this test, a process that just is there.
  const shimProcess = spawn('sleep', ['600']);
  onTestFinished(() => void shimProcess.kill('SIGKILL'));
  const shimPid = shimProcess.pid!;
  const started = {
    pid: shimPid,
    startTicks: 1,
    shimPid,
    shimTicks: startTicksOf(shimPid),
    startedAt: '2026-01-01T00:00:00Z',
  };
  writeFileSync(join(run, 'started.json'), JSON.stringify(started));
  const looker = join(import.meta.dirname, '..', 'testing', 'look-without-files.ts');
  const agent = spawn('sh', [
    '-c',
    'ulimit -n 100; exec "$@"',
    'sh',
    process.execPath,
    looker,
    container,
    shimThat(''),
  ]);
  onTestFinished(() => void agent.kill('SIGKILL'));
  agent.stderr.pipe(process.stderr);
  const lines = agent.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
  const told = async () => String((await lines.next()).value);

  expect([await told(), await told()]).toEqual(['runs\n', 'runs\n']);
  writeFileSync(join(run, 'exit.json'), exit(0));
  shimProcess.kill('SIGKILL');
  await once(shimProcess, 'exit');
  agent.stdin.write('it has ended\n');
  expect([await told(), await told()]).toEqual(['runs\n', 'ended 0\n']);
});
