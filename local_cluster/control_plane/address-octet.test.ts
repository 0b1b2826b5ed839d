import { once } from 'node:events';
import net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { claimOctet, isPortFree, ports } from './address-octet.ts';

/** Octets that no cluster of the project asks for. */
const first = 30;

test('a cluster gets the octet that it prefers, and the next one while another cluster has it', async () => {
  const one = await claimOctet({ preferred: first });
  const two = await claimOctet({ preferred: first });
  await one.release();
  const three = await claimOctet({ preferred: first });
  await Promise.all([two.release(), three.release()]);
  expect([one.octet, two.octet, three.octet]).toEqual([first, first + 1, first]);
});

test('an octet on which something still listens is passed over, without a claim being left on it', async () => {
  const leftover = net.createServer().listen(ports.apiServer, '127.40.0.1');
  onTestFinished(() => void leftover.close());
  await once(leftover, 'listening');
  const claim = await claimOctet({ preferred: 40 });
  expect(claim.octet).toBe(41);
  await claim.release();
  expect(await isPortFree('127.40.0.1', 7443)).toBe(true);
});

test("an octet on which another cluster's pod still listens is passed over, the cluster's own is not", async () => {
  const pod = net.createServer().listen(5000, '127.50.2.9');
  onTestFinished(() => void pod.close());
  await once(pod, 'listening');
  const other = await claimOctet({ preferred: 50 });
  const same = await claimOctet({ own: 50 });
  await Promise.all([other.release(), same.release()]);
  expect([other.octet, same.octet]).toEqual([51, 50]);
});

test('after the last octet comes the first', async () => {
  const last = await claimOctet({ preferred: 254 });
  const next = await claimOctet({ preferred: 254 });
  await Promise.all([last.release(), next.release()]);
  expect([last.octet, next.octet]).toEqual([254, 1]);
});
