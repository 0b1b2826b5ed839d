import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { V1Container } from '@kubernetes/client-node';
import { afterEach, expect, test, vi } from 'vitest';
import { checkCommand, checkHttp, checkTcp } from './probe-checks.ts';
import { type ProbeListener, startProbes } from './probes.ts';

const host = '127.0.0.1';
const container: V1Container = { name: 'main', ports: [{ name: 'web', containerPort: 1 }] };
const shell = (script: string) => ({ argv: ['sh', '-c', script], env: { PATH: process.env.PATH! }, cwd: '/' });

afterEach(() => {
  vi.useRealTimers();
});

test('a request is fine when it is answered 200 to 399', async () => {
  const server = createServer((request, answer) => {
    answer.statusCode = Number(request.url!.slice(1));
    answer.end();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (status: number) => checkHttp({ port, path: `/${status}` }, container, host, 1_000);
  expect(await Promise.all([ask(200), ask(302), ask(404), ask(503)])).toEqual([
    ...[undefined, undefined, 'HTTP probe failed with statuscode: 404', 'HTTP probe failed with statuscode: 503'],
  ]);
  expect(await checkTcp(port, container, host, 1_000)).toBeUndefined();
  server.close();
  expect(await checkTcp('web', container, host, 1_000)).toContain('ECONNREFUSED');
});

test('a command is fine when it ends with 0, in time', async () => {
  expect(await checkCommand(shell('exit 0'), 1_000)).toBeUndefined();
  expect(await checkCommand(shell('echo not yet; exit 3'), 1_000)).toBe('command ended with exit code 3: not yet');
  expect(await checkCommand(shell('sleep 5'), 50)).toBe('command timed out after 50 ms');
  expect(await checkCommand({ ...shell(''), argv: ['no-such-program'] }, 1_000)).toContain('ENOENT');
});

function listen() {
  const heard: string[] = [];
  const listener: ProbeListener = {
    onStarted: () => heard.push('started'),
    onReady: (isReady) => heard.push(isReady ? 'ready' : 'unready'),
    onFailure: (kind, _, isFinal) => heard.push(`${kind} ${isFinal ? 'failed' : 'fails'}`),
  };
  return { heard, listener };
}

const probed = (spec: Partial<V1Container>) => ({
  spec: { ...container, ...spec },
  host,
  translate: () => shell('exit 1'),
  startedAt: Date.now(),
});

test('without probes a container is started and ready at once', () => {
  const { heard, listener } = listen();
  startProbes(probed({}), listener)();
  expect(heard).toEqual(['started', 'ready']);
});

test('what an earlier agent knew holds until a probe says otherwise', () => {
  const { heard, listener } = listen();
  const readinessProbe = { exec: { command: ['false'] }, periodSeconds: 10 };
  startProbes({ ...probed({ readinessProbe }), known: { started: true, ready: true } }, listener)();
  expect(heard).toEqual(['started', 'ready']);
});

test('failures count once a period, however often is looked', async () => {
  const { heard, listener } = listen();
  const startupProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 2 };
  const beganAt = Date.now();
  const stop = startProbes(probed({ startupProbe }), listener);
  await vi.waitFor(() => expect(heard).toContain('startup failed'), { timeout: 10_000 });
  stop();
  expect(heard).toEqual(['startup fails', 'startup failed']);
  expect(Date.now() - beganAt).toBeGreaterThan(1_800);
});
