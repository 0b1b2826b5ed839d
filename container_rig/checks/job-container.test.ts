// What a job's container is held to, tried out in one: the Job template's own pod, with a probe in it.
import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import { loadJobTemplate } from '@ml-job-mesh/tier-service/submission/job-template.ts';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { servicePods } from '../../e2e/faults/service-pods.ts';
import { clearJobs, jobImageOf, listPods, post, waitForStatus } from '../../e2e/mesh.ts';
import { freeTier } from '../../free_service/app/tier.ts';
import { premiumTier } from '../../premium_service/app/tier.ts';
import { kubectl, type PodSpec, patience } from './cluster-tools.ts';
import { probe } from './probe/probe.ts';

beforeEach(clearJobs);

describe.each([
  { tier: freeTier, name: 'free', namespaces: ['free-service'] },
  { tier: premiumTier, name: 'premium', namespaces: ['premium-service', 'default'] },
] as const)("a $name job's container", ({ tier, name, namespaces }) => {
  const podSpec = async (): Promise<PodSpec> => loadJobTemplate(tier, await jobImageOf(name)).spec!.template.spec!;

  test('has 0.9 CPU, however much it wants', async () => {
    const { classify } = await probe(namespaces[0], await podSpec(), { spinSeconds: 10 });
    // Three processes want two processors. The first period is the kernel's to give: 100 ms of 10 s.
    expect(classify!.cpu).toBeLessThan(0.93);
    // It may get less where the machine has other work; what it is entitled to is 90 ms of each 100 ms.
    expect(classify!.cpu_quota).toMatch(/^90000( 100000)?$/);
    expect(classify!.cpu).toBeGreaterThan(0.3);
    console.log(`three spinning processes of a ${name} job had ${classify!.cpu!.toFixed(3)} CPU over 10 s`);
  });

  test('is ended when it takes more than its 1.5 GiB', async () => {
    const { classify } = await probe(namespaces[0], await podSpec(), { allocateMib: 1_700 });
    expect(classify!.memory).toBe(-9);
    const { classify: modest } = await probe(namespaces[0], await podSpec(), { allocateMib: 1_000 });
    expect(modest!.memory).toBe(0);
  });

  test.each(namespaces)('in %s is nobody, cannot change its image, and can become nothing more', async (namespace) => {
    const { classify } = await probe(namespace, await podSpec());
    expect(classify).toMatchObject({
      user: 10001,
      group: 10001,
      no_new_privileges: true,
      capabilities: 0,
      seccomp: '2',
      keyring: 'EPERM',
      root: 'EROFS',
      token: false,
      service_variables: 0,
    });
  });

  test.each(namespaces)(
    "in %s may do nothing at the Kubernetes API, even with its account's token",
    async (namespace) => {
      const spec = await podSpec();
      const account = {
        name: 'account',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          ],
        },
      };
      const mount = { name: 'account', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
      const withToken = {
        ...spec,
        volumes: [...(spec.volumes ?? []), account],
        containers: spec.containers.map((each) => ({ ...each, volumeMounts: [...(each.volumeMounts ?? []), mount] })),
      };
      const own = `/api/v1/namespaces/${namespace}`;
      const { classify } = await probe(namespace, withToken, {
        apiPaths: [
          ['GET', '/version'],
          ['GET', `${own}/pods`],
          ['GET', `${own}/secrets`],
          ['GET', `/apis/batch/v1/namespaces/${namespace}/jobs`],
          ['POST', `/apis/batch/v1/namespaces/${namespace}/jobs`],
          ['POST', `${own}/pods`],
          ['GET', '/api/v1/namespaces/free-tier/secrets'],
          ['GET', '/api/v1/nodes'],
          ['GET', '/api/v1/namespaces'],
        ],
      });
      // The token is good: what everybody may read is read.
      expect([classify!.token, classify!.api]).toEqual([true, [200, ...Array(8).fill(403)]]);
    },
  );
});

test("a job's image and the backend's are pulled from the registry, by digest", async () => {
  const { id } = await post('/premium', { dataset: 'mnist', pretrained: true });
  await waitForStatus(id, 'succeeded');
  const ofJob = (await listPods('premium-service')).find(({ metadata }) => metadata!.name!.startsWith(id))!;
  const [backend] = await servicePods('backend');
  for (const { spec, status } of [ofJob, backend] as Pod[]) {
    const [container] = spec!.containers;
    expect(container!.image).toMatch(/^[\d.]+:\d+\/.+@sha256:[0-9a-f]{64}$/);
    expect(status!.containerStatuses![0]!.imageID).toBe(container!.image);
  }
});

test('an image that its registry does not have under its digest is not run', async () => {
  const image = (await jobImageOf('premium'))!.replace(/[0-9a-f]{64}$/, '0'.repeat(64));
  const name = `check-${Date.now().toString(36)}`;
  const spec = { ...loadJobTemplate(premiumTier, image).spec!.template.spec! };
  await kubectl(
    ['-n', 'premium-service', 'create', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }),
  );
  try {
    await vi.waitFor(async () => {
      const reason = await kubectl([
        '-n',
        'premium-service',
        'get',
        'pod',
        name,
        '-o',
        'jsonpath={.status.containerStatuses[0].state.waiting.reason}',
      ]);
      expect(reason).toMatch(/^(ErrImagePull|ImagePullBackOff)$/);
    }, patience);
  } finally {
    await kubectl(['-n', 'premium-service', 'delete', 'pod', name, '--grace-period=0', '--force']);
  }
});
