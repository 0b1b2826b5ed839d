import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { waitForDeployments, writeKustomization } from './deploy.ts';

const never = new AbortController().signal;

test('the kustomization is the local overlay with the ports and the address that were asked for', () => {
  const state = mkdtempSync(path.join(tmpdir(), 'deploy-test-'));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const folder = writeKustomization(state, { host: '127.0.0.2', port: 81, graderPort: 51 });
  const { resources, patches } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8'));
  expect(path.resolve(folder, resources[0])).toMatch(/manifests\/overlays\/local$/);
  const ports = patches.map(({ patch }: { patch: string }) => parse(patch).spec.template.spec.containers);
  expect(ports).toEqual([
    [{ name: 'envoy', ports: [{ containerPort: 8080, hostPort: 81, hostIP: '127.0.0.2' }] }],
    [{ name: 'grader-interface', ports: [{ containerPort: 5000, hostPort: 51, hostIP: '127.0.0.2' }] }],
  ]);
});

test('the overlay is found from a state folder that is a link, too', () => {
  const place = mkdtempSync(path.join(tmpdir(), 'deploy-test-'));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  mkdirSync(path.join(place, 'large', 'disk', 'state'), { recursive: true });
  symlinkSync(path.join(place, 'large', 'disk', 'state'), path.join(place, 'link'));
  const folder = writeKustomization(path.join(place, 'link'), { host: '127.0.0.1', port: 81, graderPort: 51 });
  const { resources } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8'));
  const overlay = path.join(import.meta.dirname, '..', '..', 'manifests', 'overlays', 'local');
  expect(path.resolve(realpathSync(folder), resources[0])).toBe(realpathSync(overlay));
});

/** A Deployment as the API gives it. */
function deployment(name: string, available: number, observedGeneration = 2) {
  return {
    metadata: { name, generation: 2 },
    spec: { replicas: 1 },
    status: { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: available },
  };
}

test('waits until every Deployment is there in its newest form, telling how far it is', async () => {
  const answers = [
    [deployment('free-tier', 0), deployment('web-tier', 1)],
    [deployment('free-tier', 1), deployment('web-tier', 1, 1)],
    [deployment('free-tier', 1), deployment('web-tier', 1)],
  ];
  const said: string[] = [];
  const read = async () => ({ items: answers.shift() }) as never;
  await waitForDeployments(read, (text) => said.push(text), never, 60_000);
  expect(said).toEqual(['1 of 2 ready, waiting for free-tier', '1 of 2 ready, waiting for web-tier']);
});

test('gives up with what each pod that is missing waits for', async () => {
  const pod = {
    metadata: { namespace: 'free-tier', name: 'free-tier-1' },
    status: {
      containerStatuses: [
        {
          name: 'service',
          ready: false,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1 } },
        },
        { name: 'envoy', ready: true, state: { running: {} } },
      ],
    },
  };
  const read = async (path: string) =>
    ({ items: path.startsWith('/api/v1/pods?') ? [pod] : [deployment('free-tier', 0)] }) as never;
  await expect(waitForDeployments(read, () => undefined, never, 0)).rejects.toThrow(
    'not ready after 0 s: free-tier. free-tier/free-tier-1: service CrashLoopBackOff, last ended with exit code 1',
  );
});
