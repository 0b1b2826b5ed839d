import { setImmediate } from 'node:timers/promises';
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
