import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  KubernetesObject,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
  V1Pod,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { cluster } from '../local_cluster/node/testing/cluster-under-test.ts';
import { applyGroundwork, kubectl, pathOf } from './testing/kubectl.ts';
import { containersOf, listFolders, nameOf, ofKind, render } from './testing/render.ts';

const overlays = await listFolders('overlays');
const components = await listFolders('components');
/** Left out here, for they have kinds of others' that this API server does not know: eks.cluster.test.ts tries them, with those kinds. */
const needDefinitions = ['certificate', 'public-envoy-tls', 'public-gateway-tls'];
const clusterWideKinds = await listClusterWideKinds();

const jobNamespaces = ['free-service', 'premium-service', 'default'];

/** Kinds whose objects are in no namespace. */
async function listClusterWideKinds(): Promise<Set<string>> {
  const printed = await kubectl(['api-resources', '--namespaced=false', '--no-headers']);
  return new Set(
    printed
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).at(-1)!),
  );
}

/** The namespace that an object lands in: `default` if it names none; undefined for kinds that are in none. */
function namespaceOf({ kind, metadata }: KubernetesObject): string | undefined {
  return clusterWideKinds.has(kind!) ? undefined : (metadata?.namespace ?? 'default');
}

const deploymentsIn = (objects: KubernetesObject[]) => ofKind<V1Deployment>(objects, 'Deployment');
const jobsIn = (objects: KubernetesObject[]) => ofKind<V1Job>(objects, 'Job');

/** Has the API server look at objects, as if they were applied. */
async function tryToApply(objects: KubernetesObject[]): Promise<void> {
  const everything = objects.map((object) => stringify(object)).join('---\n');
  const how = ['--server-side', '--force-conflicts', '--field-manager=ml-job-mesh', '--dry-run=server'];
  const printed = await kubectl(['apply', ...how, '-f', '-'], everything);
  expect(printed.trim().split('\n')).toHaveLength(objects.length);
}

function environmentOf(objects: KubernetesObject[], deployment: string): Record<string, string | undefined> {
  const found = deploymentsIn(objects).find(({ metadata }) => metadata?.name === deployment);
  return Object.fromEntries(
    containersOf(found!).flatMap(({ env = [] }) => env.map(({ name, value }) => [name, value])),
  );
}

/** CPU in thousandths, from `20m` or `2`. */
function milliCpu(amount = '0'): number {
  return amount.endsWith('m') ? Number.parseInt(amount, 10) : Number(amount) * 1000;
}

const tooMuch = [
  [{ cpu: '100' }, /maximum cpu usage per Container/],
  [{ memory: '100Gi' }, /maximum memory usage per Container/],
] as const;

beforeAll(applyGroundwork);

test.each(components.filter((name) => !needDefinitions.includes(name)))(
  'The component %s is accepted by the API server',
  async (component) => {
    await tryToApply(await render('../base', [component]));
  },
);

test('Every overlay and every component has a line in the README', async () => {
  const readme = await readFile(pathOf('README.md'), 'utf8');
  const named = [...overlays.map((name) => `overlays/${name}`), ...components.map((name) => `components/${name}`)];
  expect(named.filter((name) => !new RegExp(`^\\| \`${name}\` +\\|`, 'm').test(readme))).toEqual([]);
});

describe.each(overlays)('The overlay %s', (overlay) => {
  test.each([[], ['rate-limit', 'api-keys']])('is accepted by the API server, with %s %s', async (...options) => {
    await tryToApply(await render(overlay, options.filter(Boolean)));
  });

  test('marks everything as part of the mesh, and puts nothing that runs into the Job namespaces', async () => {
    const objects = await render(overlay);
    const partOf = (metadata?: V1ObjectMeta) => metadata?.labels?.['app.kubernetes.io/part-of'];
    const unmarked = objects.filter(({ metadata }) => partOf(metadata) !== 'ml-job-mesh');
    expect(unmarked.map(nameOf)).toEqual([]);
    const workloads = [...deploymentsIn(objects), ...ofKind<V1DaemonSet>(objects, 'DaemonSet')];
    expect(workloads.filter(({ spec }) => partOf(spec?.template.metadata) !== 'ml-job-mesh').map(nameOf)).toEqual([]);

    const contents = (namespace: string) => objects.filter((object) => namespaceOf(object) === namespace).map(nameOf);
    expect(Object.fromEntries(jobNamespaces.map((namespace) => [namespace, contents(namespace).sort()]))).toEqual({
      'free-service': [
        'LimitRange free-service/containers',
        'NetworkPolicy free-service/deny-all',
        'ResourceQuota free-service/free-tier-quota',
        'RoleBinding free-service/free-tier',
        'RoleBinding free-service/grader-interface',
        'ServiceAccount free-service/default',
      ],
      'premium-service': [
        'LimitRange premium-service/containers',
        'NetworkPolicy premium-service/deny-all',
        'ResourceQuota premium-service/premium-tier-quota',
        'RoleBinding premium-service/grader-interface',
        'RoleBinding premium-service/premium-tier',
        'ServiceAccount premium-service/default',
      ],
      default: ['NetworkPolicy default/ml-job-mesh-premium-jobs', 'RoleBinding default/premium-tier'],
    });
  });

  test('runs every Deployment without privileges, with probes, limits and a token only where it is used', async () => {
    for (const { metadata, spec } of deploymentsIn(await render(overlay))) {
      const pod = spec!.template.spec!;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      // A token reaches a container only where its volume is mounted into that container.
      expect(pod.automountServiceAccountToken, metadata?.name).toBe(false);
      const tokenVolumes = (pod.volumes ?? []).filter(({ projected }) =>
        projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken),
      );
      const holders = [...(pod.initContainers ?? []), ...pod.containers].filter(({ volumeMounts = [] }) =>
        volumeMounts.some((mount) => tokenVolumes.some(({ name }) => name === mount.name)),
      );
      const asksTheApi = /^(free-tier|premium-tier|grader-interface)$/.test(metadata!.name!);
      expect(holders.map(({ name }) => name)).toEqual(asksTheApi ? [metadata!.name] : []);
      for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
        expect(container).toMatchObject({
          imagePullPolicy: 'IfNotPresent',
          readinessProbe: expect.anything(),
          livenessProbe: expect.anything(),
          startupProbe: expect.anything(),
          lifecycle: { preStop: expect.anything() },
          resources: {
            requests: { cpu: expect.anything(), memory: expect.anything() },
            limits: { cpu: expect.anything(), memory: expect.anything() },
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        });
      }
    }
  });
});

test('Every service may run in its namespace: Pod Security and the quota let its pod in, a second one beside the first', async () => {
  const deployments = deploymentsIn(await render('context'));
  expect(deployments).toHaveLength(6);
  const made: string[] = [];
  try {
    // All of them at once, for real: a dry run takes nothing from a quota. No scheduler looks after them, so none runs.
    for (const { metadata, spec } of [...deployments, ...deployments]) {
      const { namespace } = metadata!;
      const name = `${metadata!.name}-${made.length}`;
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const pod = { metadata: { name }, spec: { ...spec!.template.spec, schedulerName: 'nobody' } };
      await cluster.create(path, pod);
      made.push(`${path}/${name}`);
    }
    expect(made).toHaveLength(12);
  } finally {
    for (const path of made) await cluster.delete(path, { gracePeriodSeconds: 0 });
  }
});

test('A service that asked for more than its namespace allows would not run: neither privileges nor pods without end', async () => {
  for (const { metadata, spec } of deploymentsIn(await render('context'))) {
    const create = (podSpec: object) =>
      cluster.create(
        `/api/v1/namespaces/${metadata!.namespace}/pods`,
        { metadata: { name: 'too-much' }, spec: podSpec },
        { query: { dryRun: 'All' } },
      );
    const podSpec = spec!.template.spec!;
    const [container, ...others] = podSpec.containers;
    const withLimit = (limit: object) => ({
      ...container,
      resources: { limits: { ...container!.resources!.limits, ...limit } },
    });
    const many = Array.from({ length: 60 }, (_, index) => ({ ...container, name: `copy-${index}` }));
    await expect(create({ ...podSpec, hostNetwork: true })).rejects.toThrow(/violates PodSecurity "restricted/);
    for (const [limit, refusal] of tooMuch) {
      const asking = create({ ...podSpec, containers: [withLimit(limit), ...others] });
      await expect(asking).rejects.toThrow(refusal);
    }
    await expect(create({ ...podSpec, containers: many })).rejects.toThrow(/exceeded quota/);
  }
});

test.each(['free', 'premium'])(
  'A %s Job may run in its namespace as its template is, neither with privileges nor larger, and one without limits gets its own',
  async (tier) => {
    const file = pathOf(`../${tier}_service/job/${tier}-job-template.yaml`);
    const { spec }: V1Job = parse(await readFile(file, 'utf8'));
    const path = `/api/v1/namespaces/${tier}-service/pods`;
    const create = (podSpec: object) =>
      cluster.create<V1Pod>(
        path,
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a-job' }, spec: podSpec },
        { query: { dryRun: 'All' } },
      );
    const podSpec = spec!.template.spec!;
    expect(podSpec.automountServiceAccountToken).toBe(false);
    const [container] = podSpec.containers;
    const resourcesOf = (pod: V1Pod) => pod.spec!.containers[0]!.resources;
    expect(resourcesOf(await create(podSpec))).toEqual(container!.resources);
    await expect(create({ ...podSpec, hostNetwork: true })).rejects.toThrow(/violates PodSecurity "restricted/);
    for (const [limit, refusal] of [
      [{ cpu: '1' }, /per Container is 900m/],
      [{ memory: '2Gi' }, /per Container is 1536Mi/],
    ] as const) {
      const larger = { ...container, resources: { limits: { ...container!.resources!.limits, ...limit } } };
      await expect(create({ ...podSpec, containers: [larger] })).rejects.toThrow(refusal);
    }
    const unlimited = await create({ ...podSpec, containers: [{ ...container, resources: undefined }] });
    expect(resourcesOf(unlimited)).toEqual(container!.resources);
  },
);

test('Two Jobs of 0.9 CPU fit on a node of 2 CPU beside all services at once, one more of each during an update and the training included', async () => {
  const objects = await render('local');
  const asks = (workload: V1Deployment | V1DaemonSet | V1Job) =>
    containersOf(workload).reduce((sum, { resources }) => sum + milliCpu(resources?.requests?.cpu), 0);
  const services = deploymentsIn(objects).reduce((sum, deployment) => sum + asks(deployment), 0);
  const onEachNode = ofKind<V1DaemonSet>(objects, 'DaemonSet').reduce((sum, set) => sum + asks(set), 0);
  const training = jobsIn(objects).reduce((sum, job) => sum + asks(job), 0);
  expect(2 * 900 + 2 * services + onEachNode + training).toBeLessThanOrEqual(2_000);
});

test('The pipeline has the limits that its users were told', async () => {
  const objects = await render('eks');
  const limits = [...jobsIn(objects), ...deploymentsIn(objects)]
    .filter(({ metadata }) => metadata?.namespace === 'ml-pipeline')
    .map((workload) => [workload.metadata!.name, containersOf(workload)[0]!.resources!.limits]);
  expect(Object.fromEntries(limits)).toEqual({
    'ml-training-job': { cpu: '2', memory: '4Gi' },
    'ml-backend': { cpu: '1', memory: '2Gi' },
    'ml-frontend': { cpu: '500m', memory: '512Mi' },
  });
});

test('Only EKS has EFS and HorizontalPodAutoscalers, and nothing an Ingress; elsewhere the volume is a folder or of the default class', async () => {
  const onlySomewhere = ['StorageClass', 'HorizontalPodAutoscaler', 'Ingress', 'PersistentVolume'];
  const found = await Promise.all(
    overlays.map(async (overlay) => {
      const objects = await render(overlay);
      const kinds = [...new Set(objects.map(({ kind }) => kind!))].filter((kind) => onlySomewhere.includes(kind));
      const claim = objects.find(({ kind }) => kind === 'PersistentVolumeClaim') as V1PersistentVolumeClaim;
      const { accessModes, storageClassName, volumeName } = claim.spec!;
      return [overlay, { kinds: kinds.sort(), accessModes, storageClassName, volumeName }];
    }),
  );
  const accessModes = ['ReadWriteMany'];
  expect(Object.fromEntries(found)).toEqual({
    local: { kinds: ['PersistentVolume'], accessModes, storageClassName: '', volumeName: 'ml-pipeline-storage' },
    context: { kinds: [], accessModes },
    kind: { kinds: [], accessModes: ['ReadWriteOnce'] },
    eks: { kinds: ['HorizontalPodAutoscaler', 'StorageClass'], accessModes, storageClassName: 'efs-sc' },
  });
});

test('The training Job may run in its namespace beside the one that it replaces, and not with privileges', async () => {
  const [job] = jobsIn(await render('context'));
  const { namespace } = job!.metadata!;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const podSpec = { ...job!.spec!.template.spec, schedulerName: 'nobody' };
  const names = ['training-1', 'training-2'];
  try {
    for (const name of names) await cluster.create(path, { metadata: { name }, spec: podSpec });
    const privileged = { metadata: { name: 'training-3' }, spec: { ...podSpec, hostNetwork: true } };
    await expect(cluster.create(path, privileged)).rejects.toThrow(/violates PodSecurity "restricted/);
  } finally {
    for (const name of names) await cluster.delete(`${path}/${name}`, { gracePeriodSeconds: 0 }).catch(() => undefined);
  }
});

test('The overlay local opens its two ports to this machine alone', async () => {
  const ports = deploymentsIn(await render('local'))
    .flatMap(containersOf)
    .flatMap(({ ports = [] }) => ports);
  const opened = ports.filter(({ hostPort }) => hostPort !== undefined);
  expect(opened.map(({ hostIP, hostPort, containerPort }) => ({ hostIP, hostPort, containerPort }))).toEqual([
    { hostIP: '127.0.0.1', hostPort: 5000, containerPort: 5000 },
    { hostIP: '127.0.0.1', hostPort: 8080, containerPort: 8080 },
  ]);
});

test("Images of our own are asked of no public registry, and an overlay's images name the Jobs' one too", async () => {
  const objects = await render('context');
  const images = deploymentsIn(objects)
    .flatMap(containersOf)
    .map(({ image }) => image!);
  const ours = [
    ...images.filter((image) => image.includes('ml-job-mesh')),
    environmentOf(objects, 'free-tier').JOB_IMAGE,
  ];
  expect([...new Set(ours)].sort()).toEqual(
    ['model-config', 'prediction-service', 'services', 'web-tier', 'web-ui'].map(
      (name) => `localhost/ml-job-mesh/${name}:local`,
    ),
  );

  // As an operator does it: in the overlay's own list.
  const copy = await mkdtemp(join(tmpdir(), 'kustomize-'));
  for (const folder of ['manifests', 'web_tier', 'free_service', 'premium_service']) {
    await cp(pathOf(`../${folder}`), join(copy, folder), {
      recursive: true,
      filter: (from) => !/node_modules/.test(from),
    });
  }
  const file = join(copy, 'manifests/components/images/kustomization.yaml');
  const kustomization = parse(await readFile(file, 'utf8'));
  const name = 'localhost/ml-job-mesh/model-config';
  const digest = `sha256:${'0'.repeat(64)}`;
  kustomization.images = [{ name, newName: 'registry.example/team/jobs', digest }];
  await writeFile(file, stringify(kustomization));
  for (const overlay of ['context', 'eks']) {
    const rendered = await kubectl(['kustomize', join(copy, 'manifests/overlays', overlay)]);
    const elsewhere: KubernetesObject[] = parseAllDocuments(rendered).map((one) => one.toJS());
    const training = jobsIn(elsewhere).map(({ spec }) => spec!.template.spec!.containers[0]!.image);
    const jobs = ['free-tier', 'premium-tier'].map((tier) => environmentOf(elsewhere, tier).JOB_IMAGE);
    expect([...training, ...jobs]).toEqual(Array(3).fill(`registry.example/team/jobs@${digest}`));
  }
  await rm(copy, { recursive: true });
});

test('Rate limits and API keys are off unless their component is there', async () => {
  const plain = await render('context');
  const limited = await render('context', ['rate-limit', 'api-keys']);
  expect(environmentOf(plain, 'web-tier')).toMatchObject({ RATE_LIMIT_REQUEST_COST: '1', RATE_LIMIT_POST_COST: '1' });
  expect(environmentOf(limited, 'web-tier')).toMatchObject({
    RATE_LIMIT_REQUEST_COST: '20000',
    RATE_LIMIT_POST_COST: '200000',
  });
  for (const service of ['free-tier', 'premium-tier', 'grader-interface', 'ml-backend']) {
    expect(environmentOf(plain, service).API_KEYS_FILE).toBeUndefined();
    expect(environmentOf(limited, service).API_KEYS_FILE).toBe('/etc/api-keys/api-keys');
  }
});
