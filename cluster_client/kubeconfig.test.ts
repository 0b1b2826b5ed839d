import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { loadAccess } from './kubeconfig.ts';
import { readPlainKubeconfig } from './plain-kubeconfig.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-test-'));
  vi.stubEnv('KUBECONFIG', undefined);
  vi.stubEnv('HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a kubeconfig with a context `here`, and another one beside it; gives its path. */
function write(cluster: object, user: object, name = 'kubeconfig'): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  const content = {
    clusters: [
      { name: 'one', cluster },
      { name: 'two', cluster: { server: 'https://two:6443' } },
    ],
    users: [
      { name: 'me', user },
      { name: 'nobody', user: {} },
    ],
    contexts: [
      { name: 'here', context: { cluster: 'one', user: 'me' } },
      { name: 'there', context: { cluster: 'two', user: 'nobody' } },
    ],
    'current-context': 'here',
  };
  writeFileSync(file, stringify(content));
  return file;
}

test('certificates come out of the file or of files beside it', async () => {
  writeFileSync(path.join(folder, 'client.crt'), 'CERTIFICATE');
  const file = write(
    { server: 'https://one:6443', 'certificate-authority-data': base64('CA'), 'tls-server-name': 'kubernetes' },
    { 'client-certificate': 'client.crt', 'client-key-data': base64('KEY') },
  );
  const access = loadAccess(file, undefined);
  const expected = { ca: Buffer.from('CA'), cert: Buffer.from('CERTIFICATE'), key: Buffer.from('KEY') };
  expect(access.server).toBe('https://one:6443');
  expect(await access.read()).toEqual({ tls: { ...expected, servername: 'kubernetes' }, headers: {} });
});

test('a token file is read again each time, since its token is renewed there', async () => {
  const tokenFile = path.join(folder, 'token');
  const access = loadAccess(write({ server: 'https://one:6443' }, { tokenFile: 'token' }), undefined);
  for (const token of ['first', 'second']) {
    writeFileSync(tokenFile, `${token}\n`);
    expect(await access.read()).toEqual({ tls: {}, headers: { Authorization: `Bearer ${token}` } });
  }
});

test.each([
  ['the file that KUBECONFIG names', 'elsewhere', { KUBECONFIG: 'elsewhere' }],
  ["the home folder's", '.kube/config', {}],
])('without a file, %s is taken', (_, name, environment: { KUBECONFIG?: string }) => {
  write({ server: 'https://one:6443' }, { token: 'abc' }, name);
  if (environment.KUBECONFIG) vi.stubEnv('KUBECONFIG', path.join(folder, environment.KUBECONFIG));
  expect(loadAccess(undefined, undefined).server).toBe('https://one:6443');
});

test('another context is another cluster, and an unknown one is an error that lists those that are there', () => {
  const file = write({ server: 'https://one:6443' }, { token: 'abc' });
  expect(loadAccess(file, 'there').server).toBe('https://two:6443');
  expect(() => loadAccess(file, 'nowhere')).toThrow('no context "nowhere" in the kubeconfig; it has here, there');
});

test.each([
  ['a program that logs in', { server: 'https://one:6443' }, { exec: { command: 'log-in' } }],
  ['a proxy', { server: 'https://one:6443', 'proxy-url': 'http://proxy:3128' }, { token: 'abc' }],
  ['no check of the certificate', { server: 'https://one:6443', 'insecure-skip-tls-verify': true }, { token: 'abc' }],
])('%s is left to the library', (_, cluster, user) => {
  const file = write(cluster, user);
  expect(readPlainKubeconfig(file, undefined)).toBeUndefined();
  expect(loadAccess(file, undefined).server).toBe('https://one:6443');
});

test('the library says the same of what both can read', async () => {
  const plainFields = {
    cluster: { server: 'https://one:6443', 'certificate-authority-data': base64('CA') },
    user: { 'client-certificate-data': base64('CERTIFICATE'), 'client-key-data': base64('KEY'), token: 'abc' },
  };
  const plain = loadAccess(write(plainFields.cluster, plainFields.user), undefined);
  // A name that only the library knows.
  const other = loadAccess(write({ ...plainFields.cluster, extensions: [] }, plainFields.user, 'other'), undefined);
  const { tls, headers } = await plain.read();
  expect(await other.read()).toEqual({ tls, headers });
  expect(other.connectOptions(tls)).toEqual(plain.connectOptions(tls));
});

test('a process that is given a usual kubeconfig never loads the library', () => {
  const file = write({ server: 'https://one:6443' }, { token: 'abc' });
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { if (url.includes('client-node')) console.log(url); return next(url, context); } });
    const { connectToCluster } = await import(${JSON.stringify(path.join(import.meta.dirname, 'index.ts'))});
    await connectToCluster({ kubeconfig: ${JSON.stringify(file)} }).close();
  `;
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })).toBe('');
});
