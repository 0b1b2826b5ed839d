import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ServiceFiles, withoutServices } from './services.ts';

let place: string;
let files: ServiceFiles;
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'services-test-'));
  files = { policyFile: path.join(place, 'policy-rc.d'), settingsFolder: path.join(place, 'etc') };
});
afterEach(() => rmSync(place, { recursive: true }));

function link(name: string, target: string): void {
  const file = path.join(files.settingsFolder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  symlinkSync(target, file);
}

const listLinks = () =>
  readdirSync(files.settingsFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink())
    .map(({ name, parentPath }) => path.join(path.relative(files.settingsFolder, parentPath), name))
    .toSorted();

test('services that come with a package do not start at boot; those from before do', async () => {
  link('systemd/system/multi-user.target.wants/ssh.service', '/usr/lib/systemd/system/ssh.service');
  link('rc2.d/S01cron', '../init.d/cron');
  await withoutServices(async () => {
    link('systemd/system/multi-user.target.wants/containerd.service', '/usr/lib/systemd/system/containerd.service');
    link('systemd/system/masked.service', '/dev/null');
    link('rc2.d/S03docker-registry', '../init.d/docker-registry');
  }, files);
  expect(listLinks()).toEqual([
    'rc2.d/K01docker-registry',
    'rc2.d/S01cron',
    'systemd/system/masked.service',
    'systemd/system/multi-user.target.wants/ssh.service',
  ]);
});

test('no service is started while packages are installed, nor kept from it afterwards, also after a failure', async () => {
  let during = '';
  const failing = withoutServices(async () => {
    during = readFileSync(files.policyFile, 'utf8');
    throw new Error('no such package');
  }, files);
  await expect(failing).rejects.toThrow('no such package');
  expect(during).toMatch(/^#!\/bin\/sh\n.*\nexit 101\n$/);
  expect(existsSync(files.policyFile)).toBe(false);
});

test('a policy that a killed installation has left goes with the next one; another one stays', async () => {
  let ours = '';
  await withoutServices(async () => {
    ours = readFileSync(files.policyFile, 'utf8');
  }, files);
  writeFileSync(files.policyFile, ours);
  await withoutServices(async () => undefined, files);
  expect(existsSync(files.policyFile)).toBe(false);

  const another = '#!/bin/sh\nexit 101\n';
  writeFileSync(files.policyFile, another);
  await withoutServices(async () => undefined, files);
  expect(readFileSync(files.policyFile, 'utf8')).toBe(another);
});
