// Clients that take their time, on purpose: through Envoy, and at Fastify itself should Envoy ever not be in front.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ServiceName, servicePods } from './service-pods.ts';

const slowSenders = 150;
const slowReaders = 20;
/** An answer that nobody reads stands still for 60 s at most. */
const readerLimitMs = 75_000;
/** Larger than what the kernel holds for two sockets, once it has been asked for often enough: 1.4 MB each time. */
const largeAnswer = '/free/docs/static/swagger-ui-bundle.js';
const timesAsked = 40;

interface Target {
  host: string;
  port: number;
}

/** Where a service's pod listens: the processes of the pod 10.O.N.M listen on 127.O.N.M. */
async function podAddress(service: ServiceName): Promise<string> {
  const [pod] = await servicePods(service);
  return pod!.status!.podIP!.replace(/^10\./, '127.');
}

function open({ host, port }: Target): Socket {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Sends a byte now and then for ever; settles when the other side has had enough. */
function sendSlowly(target: Target, start: string): Promise<void> {
  const socket = open(target);
  socket.write(start);
  socket.resume();
  const timer = setInterval(() => socket.writable && socket.write('x'), 500);
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearInterval(timer);
      resolve();
    });
  });
}

/** Asks for much and reads nothing of it. Gives the port that it does so from. */
async function readNothing(target: Target): Promise<number> {
  const socket = open(target).pause();
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(`GET ${largeAnswer} HTTP/1.1\r\nHost: mesh\r\n\r\n`.repeat(timesAsked));
  return socket.localPort!;
}

/** How many of these clients' connections a server still holds, as its kernel sees it. */
function countHeld({ host, port }: Target, clientPorts: number[]): number {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');
  const address = host
    .split('.')
    .reverse()
    .map((part) => hex(Number(part), 2));
  const local = `${address.join('')}:${hex(port, 4)}`;
  const clients = new Set(clientPorts.map((client) => hex(client, 4)));
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at, from, state]) => at === local && clients.has(from!.split(':')[1]!) && state === '01').length;
}

/** How long an honest client waits, in milliseconds: the median of some calls, each on a connection of its own. */
async function medianWait({ host, port }: Target): Promise<number> {
  const waits: number[] = [];
  for (let count = 0; count < 40; count++) {
    const start = performance.now();
    const answer = await fetch(`http://${host}:${port}/free/queue`, { headers: { connection: 'close' } });
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
    waits.push(performance.now() - start);
  }
  return waits.sort((left, right) => left - right)[waits.length / 2]!;
}

// A whole request has 30 s at Envoy, since it may be an image, and 10 s at the tier; closing takes a moment more.
test.each([
  { name: 'Envoy', service: 'front' as const, port: 8080, senderLimitMs: 35_000 },
  { name: 'Fastify itself', service: 'free' as const, port: 3000, senderLimitMs: 15_000 },
])(
  '$name answers honest clients while slow ones try to keep its sockets, and has them back',
  async ({ service, port, senderLimitMs }) => {
    const target = { host: await podAddress(service), port };
    await medianWait(target);
    const before = await medianWait(target);
    const readers = await Promise.all(Array.from({ length: slowReaders }, () => readNothing(target)));
    const senders = Array.from({ length: slowSenders }, () => [
      sendSlowly(target, 'GET /free/queue HTTP/1.1\r\nHost: mesh\r\nX-Slow: '),
      sendSlowly(target, 'POST /free HTTP/1.1\r\nHost: mesh\r\nContent-Length: 4000\r\n\r\n{'),
    ]).flat();
    const startedAt = performance.now();
    expect(countHeld(target, readers)).toBe(slowReaders);
    const during = await medianWait(target);
    // The machine has other work too: what would show is a service that waits for its slow clients, for seconds.
    expect(during).toBeLessThan(10 * before + 100);

    await Promise.all(senders);
    expect(performance.now() - startedAt).toBeLessThan(senderLimitMs);
    await vi.waitFor(() => expect(countHeld(target, readers)).toBe(0), { timeout: readerLimitMs, interval: 500 });
    expect(await medianWait(target)).toBeLessThan(10 * before + 100);
  },
  180_000,
);
