import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority, issueCertificate, type KeyPair } from './certificates.ts';

describe('A certificate that an authority has issued', () => {
  test('says who it is for, and is good for a year', async () => {
    const authority = await createAuthority('test');
    const pair = await issueCertificate(authority, { user: 'system:node:node-1', groups: ['system:nodes'] });
    const certificate = new X509Certificate(pair.certificate);
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:node-1');
    expect(certificate.issuer).toBe('CN=test');
    expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now());
    expect((certificate.validToDate.getTime() - Date.now()) / 86_400_000).toBeCloseTo(365, 0);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  });

  test('holds, with its authority, also after the clock is set back by years', async () => {
    const authority = await createAuthority('test');
    const pair = await issueCertificate(authority, { user: 'client' });
    const threeYearsAgo = Date.now() - 3 * 365 * 86_400_000;
    for (const { certificate } of [authority, pair])
      expect(new X509Certificate(certificate).validFromDate.getTime()).toBeLessThan(threeYearsAgo);
  });

  test('lets a server and a client trust each other, by the address that it names', async () => {
    const authority = await createAuthority('test');
    const server = await issueCertificate(authority, { user: 'server' }, ['127.0.0.1', 'localhost']);
    const client = await issueCertificate(authority, { user: 'client' });
    expect(await connect(authority, server, authority, client)).toBe('client');
  });

  test('is not trusted by those who trust another authority of the same name', async () => {
    const [ours, theirs] = [await createAuthority('test'), await createAuthority('test')];
    const server = await issueCertificate(ours, { user: 'server' }, ['127.0.0.1']);
    const stranger = await issueCertificate(theirs, { user: 'client' });
    await expect(connect(ours, server, ours, stranger)).rejects.toThrow();
  });

  test('does not serve an address that it does not name', async () => {
    const authority = await createAuthority('test');
    const server = await issueCertificate(authority, { user: 'server' }, ['127.9.9.9']);
    const client = await issueCertificate(authority, { user: 'client' });
    await expect(connect(authority, server, authority, client)).rejects.toThrow(/does not match/);
  });
});

/** Connects a client to a server over TLS; gives the client's name as the server has verified it. */
async function connect(serverCa: KeyPair, server: KeyPair, clientCa: KeyPair, client: KeyPair): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const ofServer = { ca: serverCa.certificate, cert: server.certificate, key: server.key };
  const listener = tls.createServer({ ...ofServer, requestCert: true, rejectUnauthorized: true }, (socket) => {
    resolve(socket.getPeerCertificate().subject.CN as string);
    socket.end();
  });
  onTestFinished(() => void listener.close());
  listener.on('tlsClientError', reject);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const ofClient = { ca: clientCa.certificate, cert: client.certificate, key: client.key };
  tls
    .connect({ host: '127.0.0.1', port, ...ofClient })
    .on('error', reject)
    .resume();
  return promise;
}
