/** The way out that docs/local-cluster.md shows for an etcd without space, run as it is written there. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { projectFolder } from '../install/cache.ts';
import { startSupervised } from '../supervisor/supervised-process.ts';
import { testOctet } from '../testing/test-octet.ts';
import { claimOctet, controlPlaneAddress, ports } from './address-octet.ts';
import { etcdArgs } from './components.ts';
import { prepareCredentials } from './credentials.ts';
import { commandOf } from './programs.ts';

test('an etcd that has no space takes writes again after what the documentation says', async () => {
  const clone = mkdtempSync(path.join(tmpdir(), 'etcd-space-'));
  const stateFolder = path.join(clone, '.mesh');
  const { octet, release } = await claimOctet({ preferred: testOctet });
  const credentials = await prepareCredentials(stateFolder, controlPlaneAddress(octet), ports.apiServer);
  writeFileSync(path.join(stateFolder, 'octet'), `${octet}\n`);
  const { command, first } = commandOf(inject('controlPlane'), 'etcd');
  const ask = (call: string, body: object) => {
    const { etcdCa, etcdClient } = credentials;
    const access = ['--cacert', etcdCa, '--cert', etcdClient.certificate, '--key', etcdClient.key];
    const url = `https://${controlPlaneAddress(octet)}:${ports.etcdClient}/v3/${call}`;
    return execFileSync('curl', ['-sS', ...access, url, '-d', '@-'], { input: JSON.stringify(body), encoding: 'utf8' });
  };
  const put = () => ask('kv/put', { key: 'a2V5', value: Buffer.alloc(500_000).toString('base64') });
  const etcd = await startSupervised({
    name: 'etcd',
    command,
    args: [
      ...first,
      ...etcdArgs({ address: controlPlaneAddress(octet), stateFolder, credentials }),
      '--quota-backend-bytes=8000000',
    ],
    logFile: path.join(stateFolder, 'etcd.log'),
    stateFolder,
    isReady: async () => ask('maintenance/status', {}).includes('version'),
    readyWithinMs: 30_000,
    stopGraceMs: 5_000,
    onEvent: () => undefined,
  });
  onTestFinished(async () => {
    await etcd.stop();
    await release();
    rmSync(clone, { recursive: true });
  });
  let answer = '';
  while (!answer.includes('database space exceeded')) answer = put();

  const page = readFileSync(path.join(projectFolder, 'docs', 'local-cluster.md'), 'utf8');
  const [, commands] = /^## When etcd has no space$[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(page)!;
  execFileSync('bash', ['-euo', 'pipefail', '-c', commands!], { cwd: clone, stdio: 'pipe' });
  expect(JSON.parse(put())).toEqual({ header: expect.objectContaining({ revision: expect.any(String) }) });
});
