import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED, streamDecode, streamEncode } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAddressMap } from './address-map.ts';
import { startDnsServer } from './dns-server.ts';
import { createStubDirectory, endpoint, slice } from './testing/stub-directory.ts';
import { createZone } from './zone.ts';

const host = '127.0.0.1';
const freeTier = 'free-tier.free-tier.svc.cluster.local';
const stub = createStubDirectory();
let server: Awaited<ReturnType<typeof startDnsServer>>;

beforeEach(async () => {
  stub.slices.set('many', [slice(Array.from({ length: 120 }, (_, i) => endpoint(`10.244.1.${i + 1}`)))]);
  stub.services.set('many', { spec: { clusterIP: 'None' } });
  const mapAddress = createAddressMap('10.0.0.0/8=127.0.0.0/8');
  const answerQuestion = createZone({ domain: 'cluster.local', directory: stub.directory, mapAddress });
  server = await startDnsServer({ host, port: 0, answerQuestion });
});

afterEach(() => server.close());

/** Sends datagrams and gives the first that comes back. */
async function exchange(
  ...messages: Buffer[]
): Promise<Packet & { rcode?: string; flag_tc?: boolean; flag_aa?: boolean }> {
  const socket = createSocket('udp4');
  try {
    for (const message of messages) socket.send(message, server.port, host);
    const [answer] = await once(socket, 'message');
    return decode(answer);
  } finally {
    socket.close();
  }
}

function query(name: string, more: Partial<Packet> = {}): Buffer {
  return encode({ type: 'query', id: 77, flags: RECURSION_DESIRED, questions: [{ type: 'A', name }], ...more });
}

describe('The DNS server', () => {
  test("satisfies the system's kind of resolver, c-ares", async () => {
    const resolver = new Resolver({ timeout: 5_000 });
    resolver.setServers([`${host}:${server.port}`]);
    expect((await resolver.resolve4(freeTier)).sort()).toEqual(['127.244.1.3', '127.244.2.9']);
    await expect(resolver.resolve6(freeTier)).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('nobody.free-tier.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve4('example.org')).rejects.toMatchObject({ code: 'EREFUSED' });
  });

  test('answers with authority, under the same id', async () => {
    expect(await exchange(query(freeTier))).toMatchObject({
      id: 77,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
    });
  });

  test('cuts a long reply to a resolver that takes no more, and gives it whole over TCP', async () => {
    const cut = await exchange(query('many.free-tier.svc.cluster.local'));
    expect(cut).toMatchObject({ flag_tc: true, answers: [] });
    const resolver = new Resolver({ timeout: 5_000 });
    resolver.setServers([`${host}:${server.port}`]);
    expect(await resolver.resolve4('many.free-tier.svc.cluster.local')).toHaveLength(120);
  });

  test('gives a resolver that says so as much as it takes', async () => {
    const fifteen = Array.from({ length: 15 }, (_, i) => endpoint(`10.244.2.${i + 1}`));
    stub.slices.set('many', [slice(fifteen)]);
    const extension: Answer = {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 4096,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    };
    const name = 'many.free-tier.svc.cluster.local';
    expect((await exchange(query(name))).flag_tc).toBe(true);
    const whole = await exchange(query(name, { additionals: [extension] }));
    expect(whole).toMatchObject({ flag_tc: false, additionals: [{ type: 'OPT', udpPayloadSize: 1232 }] });
    expect(whole.answers).toHaveLength(15);
  });

  test('ignores what is no query, and goes on', async () => {
    const reply = encode({ type: 'response', id: 5, questions: [{ type: 'A', name: freeTier }] });
    const cutOff = query(freeTier).subarray(0, 20);
    const answer = await exchange(
      Buffer.alloc(0),
      Buffer.from([1, 2, 3]),
      Buffer.alloc(600, 0xff),
      cutOff,
      reply,
      query(freeTier),
    );
    expect(answer.id).toBe(77);
  });

  test('refuses what is not a plain question', async () => {
    const notify = query(freeTier);
    notify.writeUInt16BE(4 << 11, 2);
    expect((await exchange(notify)).rcode).toBe('NOTIMP');
    expect((await exchange(query(freeTier, { questions: [] }))).rcode).toBe('FORMERR');
  });

  test('answers several queries on one TCP connection, however they are cut into packets', async () => {
    const both = Buffer.concat([
      streamEncode({ type: 'query', id: 1, questions: [{ type: 'A', name: freeTier }] }),
      streamEncode({ type: 'query', id: 2, questions: [{ type: 'A', name: 'patient.free-tier.svc.cluster.local' }] }),
    ]);
    const socket = connect(server.port, host);
    for (const byte of both) socket.write(Buffer.from([byte]));
    let received = Buffer.alloc(0);
    const ids: (number | undefined)[] = [];
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        ids.push(streamDecode(received.subarray(0, end)).id);
        received = received.subarray(end);
      }
      if (ids.length === 2) break;
    }
    expect(ids).toEqual([1, 2]);
  });

  test('says so when its port is taken', async () => {
    const second = startDnsServer({
      host,
      port: server.port,
      answerQuestion: () => ({ code: 'REFUSED', answers: [], authorities: [] }),
    });
    await expect(second).rejects.toThrow(/EADDRINUSE/);
  });
});
