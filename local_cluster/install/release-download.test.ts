import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runKubectl } from '../control_plane/kubectl.ts';
import { etcdVersion, kubernetesVersion } from '../control_plane/versions.ts';
import { cacheFolder } from './cache.ts';
import { installedRelease, installRelease } from './release-download.ts';
import { findRelease, type ReleasedArchive } from './releases.ts';

let folder: string;
let archive: ReleasedArchive;
let server: http.Server;
let answer: (response: http.ServerResponse) => void;
let asked: number;
const stop = new AbortController();
const context = { say: () => undefined, signal: stop.signal };

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'release-test-'));
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'));
  const content = pack();
  asked = 0;
  answer = (response) => void response.end(content);
  server = http.createServer((_, response) => {
    asked++;
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  archive = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/server.tar.gz`,
    hash: { algorithm: 'sha512', hex: createHash('sha512').update(content).digest('hex') },
    programs: ['kubernetes/server/bin/kubectl'],
  };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** An archive like a release's, with one program that is wanted and one that is not. */
function pack(): Buffer {
  const programs = path.join(folder, 'source', 'kubernetes', 'server', 'bin');
  mkdirSync(programs, { recursive: true });
  for (const name of ['kubectl', 'kubeadm']) {
    writeFileSync(path.join(programs, name), `#!/bin/sh\necho "${name} $*"\n`);
    chmodSync(path.join(programs, name), 0o755);
  }
  const file = path.join(folder, 'server.tar.gz');
  execFileSync('tar', ['-czf', file, '-C', path.join(folder, 'source'), 'kubernetes']);
  return readFileSync(file);
}

test('a release whose archive is what its hash says is downloaded once, and its programs run', async () => {
  expect(installedRelease([archive])).toBeUndefined();
  const { value, done } = await installRelease(context, [archive]);
  expect(installedRelease([archive])).toBe(value);
  expect([done, readdirSync(value!)]).toEqual(['downloaded, and as its hash says', ['kubectl']]);
  expect(await runKubectl(value!, ['version'])).toBe('kubectl version\n');
  expect([await installRelease(context, [archive]), asked]).toEqual([{ value, done: undefined }, 1]);
});

test.each([
  [
    'another content',
    (response: http.ServerResponse) => response.end('malware'),
    /has another sha512 than is known here/,
  ],
  ['an error', (response: http.ServerResponse) => response.writeHead(404).end(), /answers 404/],
  [
    'half of it',
    (response: http.ServerResponse) => {
      response.writeHead(200, { 'content-length': 1000 }).write('half');
      setImmediate(() => response.destroy());
    },
    /cannot be reached|terminated|aborted/,
  ],
])('a server that gives %s leaves nothing behind, and it is built instead', async (_, give, reason) => {
  answer = give;
  const { value, done } = await installRelease(context, [archive]);
  expect([value, done]).toEqual([undefined, expect.stringMatching(/^not downloaded, so it is built: /)]);
  expect(done).toMatch(reason);
  expect(readdirSync(cacheFolder())).toEqual([]);
});

test('a server that is not there is named, and it is built instead', async () => {
  const nobody = { ...archive, url: 'http://127.0.0.1:1/server.tar.gz' };
  const { value, done } = await installRelease(context, [nobody]);
  expect([value, done]).toEqual([undefined, expect.stringContaining('127.0.0.1:1/server.tar.gz cannot be reached')]);
});

test('each archive is compared with the kind of hash that is known of it', async () => {
  const { hex } = archive.hash;
  const content = readFileSync(path.join(folder, 'server.tar.gz'));
  const ofEtcd = { algorithm: 'sha256', hex: createHash('sha256').update(content).digest('hex') } as const;
  expect((await installRelease(context, [{ ...archive, hash: ofEtcd }])).done).toBe('downloaded, and as its hash says');
  const mistaken = await installRelease(context, [{ ...archive, hash: { algorithm: 'sha256', hex } }]);
  expect(mistaken.done).toMatch(/has another sha256 than is known here/);
});

test('one archive of several that cannot be downloaded keeps none of them', async () => {
  const missing = { ...archive, url: 'http://127.0.0.1:1/etcd.tar.gz' };
  expect((await installRelease(context, [archive, missing])).value).toBeUndefined();
  expect([asked, existsSync(cacheFolder()) && readdirSync(cacheFolder())]).toEqual([1, []]);
});

test.each(['x64', 'arm64'])('the versions that are installed are known, for %s', (arch) => {
  const archives = findRelease(kubernetesVersion, etcdVersion, arch)!;
  expect(archives.map(({ hash }) => [hash.algorithm, hash.hex.length])).toEqual([
    ['sha512', 128],
    ['sha256', 64],
  ]);
});

test('a release is only known if the hashes of both archives are', () => {
  expect(findRelease(kubernetesVersion, 'v0.0.0', 'x64')).toBeUndefined();
  expect(findRelease('v0.0.0', 'v0.0.0', 'riscv64')).toBeUndefined();
});
