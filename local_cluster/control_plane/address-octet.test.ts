import { once } from 'node:events';
import net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { claimOctet, isPortFree, ports } from './address-octet.ts';

/** Octets that no cluster of the project asks for. */
const first = 30;

test('a cluster gets the octet that it prefers, and the next one while another cluster has it', async () => {
  const one = await claimOctet(first);
  const two = await claimOctet(first);
  await one.release();
  const three = await claimOctet(first);
  await Promise.all([two.release(), three.release()]);
  expect([one.octet, two.octet, three.octet]).toEqual([first, first + 1, first]);
});

test('an octet on which something still listens is passed over, without a claim being left on it', async () => {
  const leftover = net.createServer().listen(ports.apiServer, '127.40.0.1');
  onTestFinished(() => void leftover.close());
  await once(leftover, 'listening');
  const claim = await claimOctet(40);
  expect(claim.octet).toBe(41);
  await claim.release();
  expect(await isPortFree('127.40.0.1', 7443)).toBe(true);
});

test('after the last octet comes the first', async () => {
  const last = await claimOctet(254);
  const next = await claimOctet(254);
  await Promise.all([last.release(), next.release()]);
  expect([last.octet, next.octet]).toEqual([254, 1]);
});
