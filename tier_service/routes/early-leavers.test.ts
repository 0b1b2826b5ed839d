// Clients that leave while the tier still looks for their job: their connection has closed before there is a stream.
import { type AddressInfo, connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { startTestTier } from '../testing/test-tier.ts';

/** Asks for a stream of a job that the tier knows only after the client has left. */
async function leaveEarly(path: string) {
  const tier = await startTestTier();
  await tier.app.listen({ port: 0, host: '127.0.0.1' });
  const { id } = (await tier.post({ dataset: 'mnist' })).json();
  tier.stub.createLog(`${id}-pod`);
  tier.putPod(id, { phase: 'Pending' });
  await vi.waitFor(() => expect(tier.index.get(id)?.state.status).toBe('starting'));
  const record = tier.index.get(id)!;
  const get = vi.spyOn(tier.index, 'get').mockReturnValue(undefined);
  const stream = vi.spyOn(tier.cluster, 'stream');

  const { port } = tier.app.server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  client.write(`GET /free/jobs/${id}/${path} HTTP/1.1\r\nHost: tier\r\n\r\n`);
  // Not found in memory twice: by its name, and then, after the API server has been asked, as what the watch shows.
  await vi.waitFor(() => expect(get).toHaveBeenCalledTimes(2));
  client.destroy();
  const connections = () =>
    new Promise<number>((resolve) => tier.app.server.getConnections((_, count) => resolve(count)));
  await vi.waitFor(async () => expect(await connections()).toBe(0));
  tier.index.setProgress(record, { epoch: 1, epochs: 5, step: 1, steps: 600, loss: 1 }, 1);
  await setImmediate();
  return { listeners: tier.hub.size(), logsRead: stream.mock.calls.filter(([path]) => path.endsWith('/log')).length };
}

test.each(['events', 'logs?follow=true'])('nothing of %s is kept for a client that left early', async (path) => {
  expect(await leaveEarly(path)).toEqual({ listeners: 0, logsRead: 0 });
});
