import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { etcdVersion, kubernetesVersion } from './versions.ts';

/** The version of a module that a program's go.mod names. */
function versionOf(module: string, program: string): string | undefined {
  const text = readFileSync(path.join(import.meta.dirname, '..', program, 'go.mod'), 'utf8');
  const line = text.split('\n').find((each) => each.trim().startsWith(`${module} `));
  return line?.trim().split(' ')[1];
}

test.each(['control_plane', 'conformance'])('Kubernetes has the version that %s is built from', (program) => {
  expect(versionOf('k8s.io/kubernetes', program)).toBe(kubernetesVersion);
});

test('etcd has the version that the control plane is built from', () => {
  expect(versionOf('go.etcd.io/etcd/server/v3', 'control_plane')).toBe(etcdVersion);
});
