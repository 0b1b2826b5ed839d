// What the Deployments of the services promise each other: who has the token, and how an Envoy is told that it leaves.
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { V1Container, V1Deployment } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { withoutRateLimit } from '../web_tier/testing/front.ts';
import { call, startEnvoy } from '../web_tier/testing/real-envoy.ts';

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

async function readPod(file: string) {
  const { spec }: V1Deployment = parse(await readFile(new URL(`../${file}`, import.meta.url), 'utf8'));
  return spec!.template.spec!;
}

test.each([
  ['free_service/free_deployment.yaml', ['free-tier']],
  ['premium_service/premium_deployment.yaml', ['premium-tier']],
  ['web_tier/grader_interface_deployment.yaml', ['grader-interface']],
  ['web_tier/web_tier_deployment.yaml', []],
])("%s gives the account's token to its service alone", async (file, services) => {
  const pod = await readPod(file);
  const mountsIt = ({ volumeMounts = [] }: V1Container) =>
    volumeMounts.some((mount) => mount.mountPath === accountFolder);
  const having = [...(pod.initContainers ?? []), ...pod.containers].filter(mountsIt);
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(having.map(({ name }) => name)).toEqual(services);
});

describe.each([
  ['web_tier/web_tier_deployment.yaml', 'web_tier/web_tier_envoy.yaml', 'containers'],
  ['free_service/free_deployment.yaml', 'free_service/free_tier_envoy.yaml', 'initContainers'],
  ['premium_service/premium_deployment.yaml', 'premium_service/premium_tier_envoy.yaml', 'initContainers'],
] as const)('The Envoy of %s', (deployment, file, kind) => {
  async function readEnvoy(): Promise<V1Container> {
    return (await readPod(deployment))[kind]!.find(({ name }) => name === 'envoy')!;
  }

  test('runs in a folder of its pod, where the socket of its admin interface is', async () => {
    const pod = await readPod(deployment);
    const { workingDir, volumeMounts } = await readEnvoy();
    const mount = volumeMounts!.find(({ mountPath }) => mountPath === workingDir)!;
    expect(pod.volumes!.find(({ name }) => name === mount.name)).toEqual({
      name: mount.name,
      emptyDir: { sizeLimit: '1Mi' },
    });
  });

  test('is drained by its preStop hook, over a socket that its own user alone may open', async () => {
    const { lifecycle } = await readEnvoy();
    const [program, ...args] = lifecycle!.preStop!.exec!.command!;
    const envoy = await startEnvoy({
      file: new URL(`../${file}`, import.meta.url),
      upstreams: {},
      env: withoutRateLimit,
    });
    try {
      expect((await stat(`${envoy.folder}/admin.sock`)).mode & 0o777).toBe(0o600);
      const probe = async () => (await call(envoy.probePort, { path: '/healthz' })).status;
      expect(await probe()).toBe(200);
      // The time that the front waits for its last answers is left out.
      const hook = args.map((argument) => argument.replace(/^sleep \d+;$/m, ''));
      const { stdout } = await promisify(execFile)(program!, hook, { cwd: envoy.folder });
      expect(stdout).toMatch(/^HTTP\/1\.1 200 OK/);
      expect(await probe()).toBe(503);
    } finally {
      await envoy.stop();
    }
  });
});
