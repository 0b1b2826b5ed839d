import type { ServerResponse } from 'node:http';
import { fastify } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { createMeshApi } from './mesh-api.ts';
import { readLog } from './read-log.ts';

const id = 'free-job-template-abc';
const text = 'dataset: mnist\nEpoch [1/5], Step [100/600], Loss: 0.2846\nTime passed: 12.34 sec\n';

/** Reads a log from a service that answers each connection in its way, the last way for all that follow. */
async function read(retryForMs: number, ...ways: ((raw: ServerResponse) => void)[]) {
  let connections = 0;
  const app = fastify({ forceCloseConnections: true });
  app.get(`/free/jobs/${id}/logs`, (_, reply) => {
    const way = ways[Math.min(connections++, ways.length - 1)]!;
    reply.hijack();
    way(reply.raw);
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const api = createMeshApi({ url, apiKey: undefined, retryForMs, signal: new AbortController().signal });
  onTestFinished(async () => {
    await api.close();
    await app.close();
  });
  let got = '';
  const onOtherLog = () => {
    got += '[another log]';
  };
  try {
    for await (const chunk of readLog(api, id, { follow: true, silenceMs: 300, onOtherLog })) got += chunk;
    return { got, connections, failure: undefined };
  } catch (error) {
    return { got, connections, failure: (error as { code?: string }).code };
  }
}

const half = (raw: ServerResponse) => raw.write(text.slice(0, 30));

test('a log that was cut off is read on, and nothing of it is given twice', async () => {
  const cutOff = (raw: ServerResponse) => {
    half(raw);
    setTimeout(() => raw.destroy(), 30);
  };
  expect(await read(10_000, cutOff, (raw) => raw.end(text))).toEqual({ got: text, connections: 2, failure: undefined });
});

test('a connection that has died without closing is given up, however little patience there is', async () => {
  expect(await read(0, half, half, (raw) => raw.end(text))).toEqual({ got: text, connections: 3, failure: undefined });
});

test('half a log is not passed off as a whole one', async () => {
  const alwaysCutOff = (raw: ServerResponse) => {
    half(raw);
    setTimeout(() => raw.destroy(), 10);
  };
  expect(await read(500, alwaysCutOff)).toMatchObject({ got: text.slice(0, 30), failure: 'unreachable' });
});

const cutOffAfter = (sent: string) => (raw: ServerResponse) => {
  raw.write(sent);
  setTimeout(() => raw.destroy(), 30);
};

test.each([
  ['longer than what was printed', text.slice(0, 30), text.replace('0.2846', '0.3000').replace('mnist', 'kmnist')],
  ['shorter', text, 'dataset: kmnist\nTime'],
  ['a beginning of it', text, text.slice(0, 30)],
  ['other only beyond what is kept of it', `${'x'.repeat(100_000)}one`, `${'x'.repeat(100_000)}two, and on`],
])('the log of a job that began anew is given from its beginning, and announced: %s', async (_, before, after) => {
  const got = await read(10_000, cutOffAfter(before), (raw) => raw.end(after));
  expect(got).toEqual({ got: `${before}[another log]${after}`, connections: 3, failure: undefined });
});

test('a job that began anew shows at the first other byte, long before its log is as long as the one before', async () => {
  const again = (raw: ServerResponse) => raw.write('dataset: kmnist\n');
  const got = await read(10_000, cutOffAfter(text), again, again, (raw) => raw.end('dataset: kmnist\nTime'));
  expect(got).toMatchObject({ got: `${text}[another log]dataset: kmnist\nTime`, failure: undefined });
});
