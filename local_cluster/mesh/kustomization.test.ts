import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { writeKustomization } from './kustomization.ts';

const settings = { host: '127.0.0.2', port: 81, graderPort: 51, networks: ['/cache/networks-mnist-1'] };

function writeInNewFolder(changed: Partial<typeof settings> = {}) {
  const state = mkdtempSync(path.join(tmpdir(), 'deploy-test-'));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const folder = writeKustomization(state, { ...settings, ...changed });
  const { resources, patches } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8'));
  return { state, folder, resources, patches: patches.map(({ patch }: { patch: string }) => parse(patch)) };
}

test('the kustomization is the local overlay with the ports and the address that were asked for, and a volume in the state', () => {
  const { state, folder, resources, patches } = writeInNewFolder();
  expect(path.resolve(folder, resources[0])).toMatch(/manifests\/overlays\/local$/);
  const [front, grader, volume] = patches;
  expect([front, grader].map(({ spec }) => spec.template.spec.containers)).toEqual([
    [{ name: 'envoy', ports: [{ containerPort: 8080, hostPort: 81, hostIP: '127.0.0.2' }] }],
    [{ name: 'grader-interface', ports: [{ containerPort: 5000, hostPort: 51, hostIP: '127.0.0.2' }] }],
  ]);
  expect(volume).toEqual({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'ml-pipeline-storage' },
    spec: { hostPath: { path: path.join(state, 'ml-pipeline') } },
  });
});

test('the training Job is another one exactly when the carried networks are others', () => {
  const jobWith = (...networks: string[]) => writeInNewFolder({ networks }).patches[3];
  const job = jobWith('/cache/networks-mnist-1', '/cache/networks-kmnist-1');
  expect(jobWith('/elsewhere/networks-kmnist-1', '/elsewhere/networks-mnist-1')).toEqual(job);
  expect(jobWith('/cache/networks-mnist-2', '/cache/networks-kmnist-1')).not.toEqual(job);
});

test('the overlay is found from a state folder that is a link, too', () => {
  const place = mkdtempSync(path.join(tmpdir(), 'deploy-test-'));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  mkdirSync(path.join(place, 'large', 'disk', 'state'), { recursive: true });
  symlinkSync(path.join(place, 'large', 'disk', 'state'), path.join(place, 'link'));
  const folder = writeKustomization(path.join(place, 'link'), settings);
  const { resources } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8'));
  const overlay = path.join(import.meta.dirname, '..', '..', 'manifests', 'overlays', 'local');
  expect(path.resolve(realpathSync(folder), resources[0])).toBe(realpathSync(overlay));
});
