import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type {
  KubernetesObject,
  V1Container,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { cluster } from '../local_cluster/node/testing/cluster-under-test.ts';
import { applyGroundwork, kubectl, pathOf } from './testing/kubectl.ts';

const overlays = ['local', 'context', 'eks'];
const options = [[], ['rate-limit'], ['api-keys'], ['rate-limit', 'api-keys'], ['one-node-volume']];

/** What an overlay and some components are together. */
async function render(overlay: string, components: string[] = []): Promise<KubernetesObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kustomize-'));
  const from = (path: string) => relative(folder, pathOf(path));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [from(`./overlays/${overlay}`)],
    components: components.map((name) => from(`./components/${name}`)),
  };
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
  const rendered = await kubectl(['kustomize', folder]);
  await rm(folder, { recursive: true });
  return parseAllDocuments(rendered).map((document) => document.toJS());
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata?.namespace ?? ''}/${metadata?.name}`;
}

const jobNamespaces = ['free-service', 'premium-service', 'default'];

/** Each object with the namespace that it lands in; undefined for kinds that are in none. */
async function withNamespaces(objects: KubernetesObject[]) {
  const clusterWide = await kubectl(['api-resources', '--namespaced=false', '--no-headers']);
  const kinds = new Set(
    clusterWide
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).at(-1)),
  );
  return objects.map((object) => ({
    ...object,
    namespace: kinds.has(object.kind!) ? undefined : (object.metadata?.namespace ?? 'default'),
  }));
}

function deploymentsIn(objects: KubernetesObject[]): V1Deployment[] {
  return objects.filter(({ kind }) => kind === 'Deployment') as V1Deployment[];
}

function jobsIn(objects: KubernetesObject[]): V1Job[] {
  return objects.filter(({ kind }) => kind === 'Job') as V1Job[];
}

function containersOf({ spec }: V1Deployment | V1DaemonSet | V1Job): V1Container[] {
  return [...(spec?.template.spec?.initContainers ?? []), ...spec!.template.spec!.containers];
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

beforeAll(applyGroundwork);

describe.each(overlays)('The overlay %s', (overlay) => {
  test.each(options)('is accepted by the API server, with the components %s %s', async (...components) => {
    const objects = await render(overlay, components.filter(Boolean));
    const everything = objects.map((object) => stringify(object)).join('---\n');
    const apply = [
      'apply',
      '--server-side',
      '--force-conflicts',
      '--field-manager=ml-job-mesh',
      '--dry-run=server',
      '-f',
      '-',
    ];
    const printed = await kubectl(apply, everything);
    expect(printed.trim().split('\n')).toHaveLength(objects.length);
  });

  test('marks everything as part of the mesh, and puts nothing into the Job namespaces but quotas and roles', async () => {
    const objects = await render(overlay);
    const partOf = (metadata?: V1ObjectMeta) => metadata?.labels?.['app.kubernetes.io/part-of'];
    const unmarked = objects.filter(({ metadata }) => partOf(metadata) !== 'ml-job-mesh');
    expect(unmarked.map(nameOf)).toEqual([]);
    const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet') as V1Deployment[];
    expect(workloads.filter(({ spec }) => partOf(spec?.template.metadata) !== 'ml-job-mesh').map(nameOf)).toEqual([]);

    // What names no namespace goes into `default`, unless its kind has none.
    const placed = await withNamespaces(objects);
    const contents = (namespace: string) => placed.filter((object) => object.namespace === namespace).map(nameOf);
    expect(Object.fromEntries(jobNamespaces.map((namespace) => [namespace, contents(namespace).sort()]))).toEqual({
      'free-service': [
        'ResourceQuota free-service/free-tier-quota',
        'RoleBinding free-service/free-tier',
        'RoleBinding free-service/grader-interface',
      ],
      'premium-service': [
        'ResourceQuota premium-service/premium-tier-quota',
        'RoleBinding premium-service/grader-interface',
        'RoleBinding premium-service/premium-tier',
      ],
      default: ['RoleBinding default/premium-tier'],
    });
  });

  test('runs everything without privileges, with probes, limits and a token only where it is used', async () => {
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
    const limits = { ...container!.resources!.limits, cpu: '100' };
    const greedy = { ...container, resources: { ...container!.resources, limits } };
    await expect(create({ ...podSpec, hostNetwork: true })).rejects.toThrow(/violates PodSecurity "restricted/);
    await expect(create({ ...podSpec, containers: [greedy, ...others] })).rejects.toThrow(/exceeded quota/);
  }
});

test.each(['free', 'premium'])(
  'A %s Job may run in its namespace as its template is, and not with privileges',
  async (tier) => {
    const file = pathOf(`../${tier}_service/job/${tier}-job-template.yaml`);
    const { spec }: V1Job = parse(await readFile(file, 'utf8'));
    const path = `/api/v1/namespaces/${tier}-service/pods`;
    const create = (podSpec: object) =>
      cluster.create(
        path,
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a-job' }, spec: podSpec },
        { query: { dryRun: 'All' } },
      );
    const podSpec = spec!.template.spec!;
    expect(podSpec.automountServiceAccountToken).toBe(false);
    await expect(create(podSpec)).resolves.toBeDefined();
    await expect(create({ ...podSpec, hostNetwork: true })).rejects.toMatchObject({ status: 403 });
  },
);

test('Two Jobs of 0.9 CPU fit on a node of 2 CPU beside all services at once, one more of each during an update and the training included', async () => {
  const objects = await render('local');
  const asks = (workload: V1Deployment | V1DaemonSet | V1Job) =>
    containersOf(workload).reduce((sum, { resources }) => sum + milliCpu(resources?.requests?.cpu), 0);
  const services = deploymentsIn(objects).reduce((sum, deployment) => sum + asks(deployment), 0);
  const onEachNode = (objects.filter(({ kind }) => kind === 'DaemonSet') as V1DaemonSet[]).reduce(
    (sum, set) => sum + asks(set),
    0,
  );
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

test('Only EKS has EFS, an Ingress and a HorizontalPodAutoscaler; elsewhere the volume is a folder or of the default class', async () => {
  const onlySomewhere = ['StorageClass', 'HorizontalPodAutoscaler', 'Ingress', 'PersistentVolume'];
  const found = await Promise.all(
    overlays.map(async (overlay) => {
      const objects = await render(overlay);
      const kinds = objects.map(({ kind }) => kind!).filter((kind) => onlySomewhere.includes(kind));
      const claim = objects.find(({ kind }) => kind === 'PersistentVolumeClaim') as V1PersistentVolumeClaim;
      const { accessModes, storageClassName, volumeName } = claim.spec!;
      return [overlay, { kinds: kinds.sort(), accessModes, storageClassName, volumeName }];
    }),
  );
  const accessModes = ['ReadWriteMany'];
  expect(Object.fromEntries(found)).toEqual({
    local: { kinds: ['PersistentVolume'], accessModes, storageClassName: '', volumeName: 'ml-pipeline-storage' },
    context: { kinds: [], accessModes },
    eks: { kinds: ['HorizontalPodAutoscaler', 'Ingress', 'StorageClass'], accessModes, storageClassName: 'efs-sc' },
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
