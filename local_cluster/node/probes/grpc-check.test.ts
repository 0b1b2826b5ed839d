import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { checkGrpc } from './grpc-check.ts';

const host = '127.0.0.1';

/** A server with the standard health service, which answers for the services that are given and knows no others. */
async function startHealthService(servingOf: Record<string, number>): Promise<number> {
  const server = new Server();
  const definition = {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: (bytes: Buffer) => bytes,
    // A length of 128 or more takes two bytes.
    requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(bytes.length < 130 ? 2 : 3).toString() }),
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
  server.addService(
    { check: definition },
    {
      check: (
        { request }: { request: { service: string } },
        reply: (fault: object | null, answer?: Buffer) => void,
      ) => {
        const serving = servingOf[request.service];
        if (serving === undefined) reply({ code: status.NOT_FOUND, details: 'unknown service' });
        else if (serving >= 0) reply(null, Buffer.from(serving === 0 ? [] : [0x08, serving]));
      },
    },
  );
  onTestFinished(() => server.forceShutdown());
  return new Promise((resolve, reject) =>
    server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (fault, port) =>
      fault ? reject(fault) : resolve(port),
    ),
  );
}

test('a service is fine while it says that it is serving, under its own name or none', async () => {
  const long = 'a'.repeat(200);
  const port = await startHealthService({ '': 1, [long]: 1, sick: 2, unknown: 0, silent: -1 });
  const ask = (service?: string) => checkGrpc({ port, ...(service && { service }) }, host, 500);
  expect(await Promise.all([ask(), ask(long), ask('sick'), ask('unknown'), ask('nobody'), ask('silent')])).toEqual([
    undefined,
    undefined,
    'service unhealthy (responded with "NOT_SERVING")',
    'service unhealthy (responded with "UNKNOWN")',
    'gRPC health check failed: unknown service',
    'timeout after 500 ms',
  ]);
});

test('a server without the health service, and a port where nothing listens, are told apart', async () => {
  const server = new Server();
  onTestFinished(() => server.forceShutdown());
  const port = await new Promise<number>((resolve) =>
    server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (_, bound) => resolve(bound)),
  );
  expect(await checkGrpc({ port }, host, 1_000)).toBe('this server does not implement the grpc health protocol');
  server.forceShutdown();
  expect(await checkGrpc({ port }, host, 1_000)).toMatch(/^gRPC health check failed: .*ECONNREFUSED|^timeout after/);
});

test('a proxy of the user’s environment is not asked', async () => {
  vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
  vi.stubEnv('no_proxy', '');
  onTestFinished(() => void vi.unstubAllEnvs());
  const port = await startHealthService({ '': 1 });
  expect(await checkGrpc({ port }, host, 5_000)).toBeUndefined();
});
