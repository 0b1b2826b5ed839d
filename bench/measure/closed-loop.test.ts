import { setImmediate, setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { closedLoop } from './closed-loop.ts';

test('it sends as many requests as it was told, and never more at a time than there are clients', async () => {
  let sent = 0;
  let open = 0;
  let mostOpen = 0;
  const result = await closedLoop({ clients: 3, requests: 20 }, async () => {
    sent++;
    open++;
    mostOpen = Math.max(mostOpen, open);
    await setImmediate();
    open--;
  });
  expect({ sent, mostOpen, measured: result.latenciesMs.length }).toEqual({ sent: 20, mostOpen: 3, measured: 20 });
});

test('failures are counted by what they say, and have no latency', async () => {
  let turn = 0;
  const { latenciesMs, failures } = await closedLoop({ clients: 2, requests: 6 }, async () => {
    if (turn++ % 3 === 0) throw new Error('answered 503');
  });
  expect([...failures]).toEqual([['answered 503', 2]]);
  expect(latenciesMs).toHaveLength(4);
});

test('for a time it sends until that is over, and counts what is answered afterwards', async () => {
  const { seconds, latenciesMs } = await closedLoop(
    { clients: 2, seconds: 0.05 },
    async () => void (await setTimeout(20)),
  );
  expect(seconds).toBeGreaterThanOrEqual(0.05);
  expect(latenciesMs.length).toBeGreaterThanOrEqual(2);
});
