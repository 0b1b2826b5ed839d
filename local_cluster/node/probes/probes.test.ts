import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
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

test('a path with a space is asked for as it stands in an address', async () => {
  const asked: string[] = [];
  const server = createServer((request, answer) => {
    asked.push(request.url!);
    answer.end();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const paths = ['/is it up?a=b c', 'no/slash', '/ä#fragment', '/100%'];
  for (const path of paths) expect(await checkHttp({ port, path }, container, host, 1_000)).toBeUndefined();
  expect(asked).toEqual(['/is%20it%20up?a=b%20c', '/no/slash', '/%C3%A4', '/100%']);
  server.close();
});

test('a server that answers in another way than with a response is not fine', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const httpHeaders = ['Connection', 'Upgrade'].map((name) => ({ name, value: 'upgrade' }));
  expect(await checkHttp({ port, httpHeaders }, container, host, 200)).toEqual(expect.any(String));
  server.close();
});

test('what cannot be asked at all is what a check finds', async () => {
  const findings = await Promise.all([
    checkTcp('wbe', container, host, 1_000),
    checkTcp(70_000, container, host, 1_000),
    checkHttp({ port: 'wbe' }, container, host, 1_000),
    checkHttp({ port: 1, httpHeaders: [{ name: 'a b', value: 'c' }] }, container, host, 1_000),
    checkCommand({ ...shell(''), argv: [''] }, 1_000),
    checkCommand({ ...shell(''), argv: ['a\0b'] }, 1_000),
    checkCommand({ ...shell(''), argv: ['true', 'x'.repeat(3_000_000)] }, 1_000),
  ]);
  const expected = [/no port "wbe"/, /no port "70000"/, /no port "wbe"/, /a b/, /empty/, /null bytes/, /E2BIG/];
  expect(findings).toEqual(expected.map((words) => expect.stringMatching(words)));
});

test('a probe that can never be made fails, and the node goes on', async () => {
  const { heard, listener } = listen();
  const readinessProbe = { tcpSocket: { port: 'wbe' }, periodSeconds: 1 };
  const livenessProbe = { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 1 };
  const translate = () => {
    throw new Error('not on record');
  };
  const stop = startProbes({ ...probed({ readinessProbe, livenessProbe }), translate }, listener);
  await vi.waitFor(() => expect(heard).toContain('liveness failed'), { timeout: 10_000 });
  await vi.waitFor(() => expect(heard).toContain('readiness fails'), { timeout: 10_000 });
  stop();
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

test('failures go on counting when the clock is set back', async () => {
  const { heard, listener } = listen();
  const startupProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 2 };
  const stop = startProbes(probed({ startupProbe }), listener);
  await vi.waitFor(() => expect(heard).toContain('startup fails'), { timeout: 10_000 });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
  await vi.waitFor(() => expect(heard).toContain('startup failed'), { timeout: 10_000 });
  stop();
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
