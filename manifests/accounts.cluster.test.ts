// What each account may do, and that it may do nothing else: every verb on every kind of object that matters, in every
// namespace, asked of the API server.
import type { V1SubjectAccessReview } from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { cluster } from '../local_cluster/node/testing/cluster-under-test.ts';
import { applyGroundwork, kubectl } from './testing/kubectl.ts';

beforeAll(applyGroundwork);

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const kinds = [
  'pods',
  'pods/log',
  'pods/exec',
  'pods/portforward',
  'pods/ephemeralcontainers',
  'events',
  'resourcequotas',
  'secrets',
  'configmaps',
  'services',
  'namespaces',
  'nodes',
  'serviceaccounts',
  'serviceaccounts/token',
  'persistentvolumeclaims',
  'persistentvolumes',
  'batch/jobs',
  'batch/jobs/status',
  'batch/cronjobs',
  'apps/deployments',
  'apps/daemonsets',
  'discovery.k8s.io/endpointslices',
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
  'rbac.authorization.k8s.io/clusterrolebindings',
  'admissionregistration.k8s.io/validatingadmissionpolicies',
  'admissionregistration.k8s.io/validatingadmissionpolicybindings',
];
const namespaces = [
  'web-tier',
  'free-tier',
  'premium-tier',
  'free-service',
  'premium-service',
  'ml-pipeline',
  'default',
  'kube-system',
];
const groups = kinds
  .map((kind) => kind.split('/')[0]!)
  .filter((part) => part.includes('.') || /^(apps|batch)$/.test(part));

/** `batch/jobs/status` in its parts. */
function partsOf(kind: string) {
  const parts = kind.split('/');
  const group = groups.includes(parts[0]!) ? parts.shift()! : '';
  return { group, resource: parts[0]!, ...(parts[1] !== undefined && { subresource: parts[1] }) };
}

async function isAllowed(user: string, verb: string, kind: string, namespace: string): Promise<boolean> {
  const { status } = await cluster.create<V1SubjectAccessReview>('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups: groupsOf(user), resourceAttributes: { verb, namespace, ...partsOf(kind) } },
  });
  return status?.allowed === true;
}

/** The groups that an account's token stands for. */
function groupsOf(user: string): string[] {
  return ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${user.split(':')[2]}`];
}

const atOnce = 100;

/** What the account may do in each namespace, and across all of them, e.g. `{default: ['get pods']}`. */
async function rightsOf(namespace: string, name: string): Promise<Record<string, string[]>> {
  const user = `system:serviceaccount:${namespace}:${name}`;
  const asked = ['everywhere', ...namespaces].flatMap((place) =>
    kinds.flatMap((kind) => verbs.map((verb) => ({ place, kind, verb }))),
  );
  const allowed: boolean[] = [];
  // Each call's time includes its wait for a connection, so not all of them at once.
  for (let first = 0; first < asked.length; first += atOnce) {
    const answers = asked
      .slice(first, first + atOnce)
      .map(({ place, kind, verb }) => isAllowed(user, verb, kind, place === 'everywhere' ? '' : place));
    allowed.push(...(await Promise.all(answers)));
  }
  const rights: Record<string, string[]> = {};
  for (const [index, { place, kind, verb }] of asked.entries()) {
    if (!allowed[index]) continue;
    rights[place] ??= [];
    rights[place].push(`${verb} ${kind}`);
  }
  return rights;
}

const readPods = ['get pods', 'list pods', 'watch pods'];
const readQuotas = ['get resourcequotas', 'list resourcequotas', 'watch resourcequotas'];
const runJobs = [
  ...readPods,
  'get pods/log',
  ...['get', 'list', 'watch'].map((verb) => `${verb} events`),
  ...readQuotas,
  'get namespaces',
  ...['get', 'list', 'watch', 'create', 'patch', 'delete'].map((verb) => `${verb} batch/jobs`),
];

describe('An account', () => {
  test('of the free tier runs Jobs in free-service, and can do nothing else anywhere', async () => {
    expect(await rightsOf('free-tier', 'free-tier')).toEqual({ 'free-service': runJobs });
  });

  test('of the premium tier runs Jobs in premium-service and default, and can do nothing else anywhere', async () => {
    expect(await rightsOf('premium-tier', 'premium-tier')).toEqual({ 'premium-service': runJobs, default: runJobs });
  });

  test('of the grader interface reads pods, quotas and nodes, and logs of the two Job namespaces', async () => {
    const watchNodes = ['list nodes', 'watch nodes'];
    const reads = [...readPods, 'get pods/log', ...readQuotas, ...watchNodes];
    const seen = [...readPods, 'list resourcequotas', 'watch resourcequotas', ...watchNodes];
    const everywhere = Object.fromEntries(['everywhere', ...namespaces].map((place) => [place, seen]));
    expect(await rightsOf('web-tier', 'grader-interface')).toEqual({
      ...everywhere,
      'free-service': reads,
      'premium-service': reads,
    });
  });

  test('of the cluster DNS watches what names are made of', async () => {
    const kindsOfNames = ['services', 'namespaces', 'discovery.k8s.io/endpointslices'];
    const watches = kindsOfNames.flatMap((kind) => [`list ${kind}`, `watch ${kind}`]);
    const everywhere = Object.fromEntries(['everywhere', ...namespaces].map((place) => [place, watches]));
    expect(await rightsOf('kube-system', 'cluster-dns')).toEqual(everywhere);
  });

  test.each(['ml-training', 'ml-backend', 'ml-frontend'])('of the pipeline, %s, can do nothing', async (name) => {
    expect(await rightsOf('ml-pipeline', name)).toEqual({});
  });

  test.each(['free-service', 'ml-pipeline', 'default'])(
    'that a pod in %s has by default can do nothing',
    async (namespace) => {
      expect(await rightsOf(namespace, 'default')).toEqual({});
    },
  );
});

test.each([
  ['yes', 'free-tier', 'create jobs', 'free-service'],
  ['no', 'free-tier', 'create jobs', 'premium-service'],
  ['no', 'free-tier', 'create pods', 'free-service'],
  ['no', 'free-tier', 'get secrets', 'free-tier'],
  ['yes', 'premium-tier', 'create jobs', 'default'],
  ['no', 'premium-tier', 'create jobs', 'free-service'],
])('kubectl auth can-i answers %s for %s: %s in %s', async (answer, account, question, namespace) => {
  const user = `--as=system:serviceaccount:${account}:${account}`;
  const command = ['auth', 'can-i', ...question.split(' '), '-n', namespace, user];
  // A plain no ends with exit code 1, and nothing on the error output.
  const printed = await kubectl(command).catch((error) =>
    /: Command failed/.test(error.message) ? 'no' : error.message,
  );
  expect(printed.trim()).toBe(answer);
});
