import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { inspectMesh } from './mesh-at.ts';

/** A server that gives these answers by path; 404 and text for all others. */
async function serve(answers: Record<string, [status: number, body: object]>): Promise<string> {
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url!] ?? [404, undefined];
    response.writeHead(status).end(body ? JSON.stringify(body) : '<html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const queue = { '/free/queue': [200, { running: 0, waiting: 0 }] } as Record<string, [number, object]>;

test('people who would find nothing to do are left out, with the reason', async () => {
  const models = (...names: string[]) => ({ '/models': [200, { models: names.map((name) => ({ name })) }] }) as const;
  const answers = [models('mnist-cnn', 'imagenet-efficientnet-lite0'), models('mnist-cnn'), models(), {}];
  const found = [];
  for (const each of answers) found.push(await inspectMesh(await serve({ ...queue, ...each } as never), undefined));
  const none = 'the mesh has no model to predict with yet';
  expect(found).toEqual([
    {},
    { photos: 'the mesh has no model imagenet-efficientnet-lite0' },
    { draw: none, photos: none },
    { draw: none, photos: none },
  ]);
});

test.each([
  [401, 'wants an API key; give it in the environment, as MESH_API_KEY'],
  [503, 'is not ready: its free tier answers 503'],
  [404, 'is not the front proxy of a mesh: GET /free/queue gave 404'],
  [200, 'is not the front proxy of a mesh: GET /free/queue gave 200'],
])('an address that answers %i is refused with what to do', async (status, message) => {
  const address = await serve({ '/free/queue': [status, {}] });
  await expect(inspectMesh(address, undefined)).rejects.toThrow(message);
});

test('an address where nobody answers is named with the reason', async () => {
  await expect(inspectMesh('http://127.0.0.1:1', undefined)).rejects.toThrow(
    /^http:\/\/127\.0\.0\.1:1 does not answer \(/,
  );
});
