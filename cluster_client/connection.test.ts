import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectToCluster } from './connection.ts';
import type { KubernetesError } from './kubernetes-error.ts';
import { startStandInServer } from './testing/stand-in-server.ts';

/** Connects to a server that answers as it is told; gives the connection and the paths that were asked for, in order. */
async function connect(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: { connections?: number } = {},
) {
  const asked: string[] = [];
  const server = await startStandInServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  const cluster = connectToCluster({ kubeconfig: server.kubeconfig, ...options });
  onTestFinished(async () => {
    await cluster.close();
    await server.stop();
  });
  return { cluster, asked };
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => 'none',
    (error: KubernetesError) => error.reason,
  );

test('followed streams, other streams and watches leave the ordinary calls their connections, and each other theirs', async () => {
  const { cluster } = await connect((request, response) => {
    if (request.url!.startsWith('/call')) response.end('{"answered":true}');
    else response.writeHead(200).flushHeaders();
  });
  const open = (count: number, start: () => Promise<unknown>) =>
    Promise.allSettled(Array.from({ length: count }, start)).then(
      (all) => all.filter(({ status }) => status === 'fulfilled').length,
    );
  const opened = await Promise.all([
    open(300, () => cluster.stream('/log', { follow: true, timeoutMs: 2_000 })),
    open(100, () => cluster.stream('/log', { timeoutMs: 2_000 })),
  ]);
  // Both are capped: the rest waited for a connection until their deadline.
  expect(opened).toEqual([256, 64]);
  expect(await open(300, () => cluster.watch('/items', { mayBeBinary: false }))).toBe(300);
  expect(await cluster.get('/call')).toEqual({ answered: true });
});

test("a call's deadline covers the wait for a connection, and a call that was given up is never sent", async () => {
  const held: ServerResponse[] = [];
  const { cluster, asked } = await connect(
    (request, response) => {
      if (request.url === '/held') held.push(response);
      else response.end('{}');
    },
    { connections: 1 },
  );
  const first = cluster.get('/held');
  await vi.waitFor(() => expect(held).toHaveLength(1));
  expect(await failureOf(cluster.create('/late', {}, { timeoutMs: 100 }))).toBe('Timeout');
  const leaving = new AbortController();
  const left = failureOf(cluster.create('/left', {}, { signal: leaving.signal }));
  leaving.abort();
  expect(await left).toBe('Unreachable');
  held[0]!.end('{}');
  await first;
  await cluster.get('/next');
  expect(asked).toEqual(['GET /held', 'GET /next']);
});

test('the deadline covers the whole of an answer that comes in drops', async () => {
  const { cluster } = await connect((_, response) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  });
  expect(await failureOf(cluster.get('/slow', { timeoutMs: 200 }))).toBe('Timeout');
});

test('a stream may take its time after its headers, but no longer than it may be silent', async () => {
  const { cluster } = await connect((_, response) => {
    response.write('one');
    setTimeout(() => response.write('two'), 300);
  });
  const body = await cluster.stream('/log', { timeoutMs: 200, silenceMs: 1_000 });
  let text = '';
  const read = async () => {
    for await (const chunk of body) text += chunk;
  };
  await expect(read()).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
  expect(text).toBe('onetwo');
});

test("calls leave nothing on the caller's signal", async () => {
  const { cluster } = await connect((_, response) => response.end('{}'));
  const { signal } = new AbortController();
  const listeners = { added: 0, removed: 0 };
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listeners.added++;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listeners.removed++;
    remove(...given);
  };
  for (let count = 0; count < 5; count++) await cluster.get('/call', { signal });
  for await (const _ of await cluster.stream('/log', { signal }));
  await vi.waitFor(() => expect(listeners).toEqual({ added: 6, removed: 6 }));
});
