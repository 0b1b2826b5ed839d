import { type AddressInfo, connect } from 'node:net';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { limits } from '../limits.ts';
import { pngOf } from '../testing/request-bodies.ts';
import { startTestService } from '../testing/test-service.ts';

const image = pngOf(new Uint8Array(784));

async function startListening(callsAtATime?: number) {
  const service = await startTestService({ models: [{ detours: 100 }], ...(callsAtATime && { callsAtATime }) });
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = service.app.server.address() as AddressInfo;
  return { ...service, port, url, post: () => fetch(`${url}/predict`, { method: 'POST', body: image }) };
}

test('calls beyond those that are answered at a time are refused at once, and health checks are not', async () => {
  const { post, url, metrics, logged } = await startListening(4);
  const answers = await Promise.all(Array.from({ length: 40 }, post));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(4);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    const { status, headers } = answer;
    expect([status, headers.get('retry-after'), headers.get('content-type'), await answer.json()]).toEqual([
      503,
      '1',
      'application/problem+json; charset=utf-8',
      {
        type: 'about:blank',
        title: 'The service has more to do than it can',
        status: 503,
        detail: 'too many calls are being answered; this one was not read',
        code: 'overloaded',
      },
    ]);
    expect(headers.get('x-request-id')).toMatch(/./);
  }
  expect((await fetch(`${url}/ping`)).status).toBe(200);
  expect((await post()).status).toBe(200);
  expect(await metrics.registry.getSingleMetricAsString('mesh_predictions_refused_total')).toContain(
    ` ${refused.length}`,
  );
  expect(logged).toEqual([]);
});

test('bodies that are announced and never sent take no room from others once their connections are gone', async () => {
  const { post, port } = await startListening();
  const head = `POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: ${limits.bodyBytes}\r\n\r\n`;
  const room = limits.bytesAtATime / limits.bodyBytes;
  const sockets = Array.from({ length: room }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) {
    await once(socket, 'connect');
    socket.write(head);
  }
  await vi.waitFor(async () => expect((await post()).status).toBe(503), { timeout: 10_000 });
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(async () => expect((await post()).status).toBe(200), { timeout: 10_000 });
});
