// The front proxy where TLS is in front of it, or its own.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, issueCertificate, type KeyPair } from '../local_cluster/control_plane/certificates.ts';
import { makeEditions, mountCertificate } from './testing/editions.ts';
import { startFront, withoutRateLimit } from './testing/front.ts';
import { call, validateEnvoyFile } from './testing/real-envoy.ts';

const host = 'mesh.example.com';
const remembered = 'max-age=31536000';
/** One POST, and the next one ten seconds later. */
const onePost = { ...withoutRateLimit, RATE_LIMIT_POST_COST: '10000000' };

let folder: string;
let edition: (name: string) => URL;
let authority: KeyPair;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'editions-'));
  edition = await makeEditions(folder);
  authority = await createAuthority('test');
  await mountCertificate(folder, await issueCertificate(authority, { user: 'first' }, [host]), 1);
});
afterAll(() => rm(folder, { recursive: true }));

type Front = Awaited<ReturnType<typeof startFront>>;

async function withEdition(name: string, run: (front: Front) => Promise<void>, env = withoutRateLimit): Promise<void> {
  const front = await startFront({ file: edition(name), env });
  try {
    await run(front);
  } finally {
    await front.stop();
  }
}

/** The statuses of POSTs one after the other, each as a proxy hands it on that a client has sent this header. */
async function postFrom(front: Front, addresses: string[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const address of addresses) {
    const headers = { 'x-forwarded-for': address };
    const { status } = await front.call({ method: 'POST', path: '/free', headers, body: '{"dataset":"mnist"}' });
    statuses.push(status);
  }
  return statuses;
}

test.each(['tls', 'nlb', 'proxy'])('Envoy accepts the edition %s', (name) => validateEnvoyFile(edition(name)));

describe('The edition proxy', () => {
  test('limits each client by the address that the proxy says', () =>
    withEdition(
      'proxy',
      async (front) => {
        const posts = ['198.51.100.7', '198.51.100.7', '198.51.100.8'];
        expect(await postFrom(front, posts)).toEqual([200, 429, 200]);
        await expect.poll(front.output).toMatch(/"client":"198\.51\.100\.8"/);
      },
      onePost,
    ));

  test('lets no client pass for others by what it writes in front of that address', () =>
    withEdition(
      'proxy',
      async (front) => {
        const forged = ['203.0.113.1, 198.51.100.7', '203.0.113.2, 198.51.100.7'];
        expect(await postFrom(front, forged)).toEqual([200, 429]);
      },
      onePost,
    ));

  test('still takes no x-envoy header from anybody', () =>
    withEdition('proxy', async (front) => {
      const headers = { 'x-forwarded-for': '198.51.100.7', 'x-envoy-retry-on': '5xx' };
      const { text } = await front.call({ path: '/free/jobs', headers });
      const arrived = Object.entries(JSON.parse(text).headers).filter(([name]) => name.startsWith('x-envoy'));
      expect(arrived).toEqual([['x-envoy-external-address', '198.51.100.7']]);
    }));

  test('tells browsers to come back over HTTPS alone', () =>
    withEdition('proxy', async (front) => {
      const { headers } = await front.call({ path: '/free/jobs' });
      expect(headers['strict-transport-security']).toBe(remembered);
    }));
});

describe('The edition nlb', () => {
  test('limits each client by its connection, whatever it says of others', () =>
    withEdition(
      'nlb',
      async (front) => {
        expect(await postFrom(front, ['203.0.113.1', '203.0.113.2'])).toEqual([200, 429]);
      },
      onePost,
    ));

  test('sends plain HTTP to HTTPS at a port of its own, with method and path', () =>
    withEdition('nlb', async (front) => {
      const options = { method: 'POST', path: '/premium?wait=1', headers: { host }, body: '{}' };
      const { status, headers } = await call(front.ports.redirect!, options);
      expect({ status, location: headers.location }).toEqual({
        status: 308,
        location: `https://${host}/premium?wait=1`,
      });
      expect(front.seen()).toEqual([]);
      expect((await front.call({ path: '/free/jobs' })).headers['strict-transport-security']).toBe(remembered);
    }));
});

describe('The edition tls', () => {
  /** What a handshake with these versions gives. */
  async function shakeHands(front: Front, versions: { minVersion: SecureVersion; maxVersion: SecureVersion }) {
    const ciphers = 'DEFAULT:@SECLEVEL=0';
    const options = { port: front.port, servername: host, ca: authority.certificate, ALPNProtocols: ['h2'], ciphers };
    const socket: TLSSocket = connect({ ...options, ...versions });
    try {
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      return { version: socket.getProtocol(), protocol: socket.alpnProtocol, certificate: subject.CN };
    } finally {
      socket.destroy();
    }
  }

  test('speaks TLS 1.2 and 1.3, HTTP/2 as well, and nothing older or in the clear', () =>
    withEdition('tls', async (front) => {
      const first = { protocol: 'h2', certificate: 'first' };
      const modern = await shakeHands(front, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' });
      expect(modern).toEqual({ version: 'TLSv1.3', ...first });
      const older = await shakeHands(front, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
      expect(older).toEqual({ version: 'TLSv1.2', ...first });
      await expect(shakeHands(front, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow(
        /protocol version/,
      );
      await expect(front.call({ path: '/free/jobs' })).rejects.toThrow(/ECONNRESET|socket hang up/);
      expect(front.seen()).toEqual([]);
    }));

  test('answers over TLS, sends plain HTTP there, and keeps its probes in the clear', () =>
    withEdition('tls', async (front) => {
      const options = { port: front.port, servername: host, ca: authority.certificate, agent: false } as const;
      const request = httpsRequest({ ...options, path: '/free/jobs', headers: { host } }).end();
      const [response] = await once(request, 'response');
      expect([response.statusCode, response.headers['strict-transport-security']]).toEqual([200, remembered]);
      response.destroy();
      const { status, headers } = await call(front.ports.redirect!, { path: '/', headers: { host } });
      expect([status, headers.location]).toEqual([308, `https://${host}/`]);
      expect((await call(front.probePort, { path: '/healthz' })).status).toBe(200);
    }));

  test('takes up a renewed certificate without a restart', () =>
    withEdition('tls', async (front) => {
      await mountCertificate(folder, await issueCertificate(authority, { user: 'renewed' }, [host]), 2);
      const served = () => shakeHands(front, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
      await expect.poll(served, { timeout: 15_000 }).toMatchObject({ certificate: 'renewed' });
    }));
});
