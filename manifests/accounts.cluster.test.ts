// What each account may do, and that it may do nothing else. The API server itself lists the rules that apply to an
// account in a namespace, wildcards included, so what is not in the tables below is denied: every verb on every resource,
// in every namespace, for every account in the mesh's namespaces, those that Kubernetes makes by itself included.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  V1NonResourceRule,
  V1ResourceRule,
  V1SelfSubjectRulesReview,
  V1ServiceAccountList,
} from '@kubernetes/client-node';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { cluster, kubeconfig, until } from '../local_cluster/node/testing/cluster-under-test.ts';
import { applyGroundwork, kubectl } from './testing/kubectl.ts';

const ours = ['free-service', 'free-tier', 'ml-pipeline', 'premium-service', 'premium-tier', 'web-tier'];
/** Where nothing is, so that the only rules there are those that apply everywhere. */
const elsewhere = 'a-namespace-of-others';
const namespaces = [...ours, 'default', 'kube-system', 'kube-public', 'kube-node-lease', elsewhere];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'accounts-'));
  await applyGroundwork();
});
afterAll(() => rm(folder, { recursive: true }));

/** What an account may do, e.g. `{default: ['get pods']}`. */
type Rights = Record<string, string[]>;

/** Asks with the account's own token for its rules in each namespace. What every account may do is left out. */
async function rightsOf(namespace: string, name: string): Promise<Rights> {
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
  const { status } = await cluster.create<{ status: { token: string } }>(`${account}/token`, { spec: {} });
  const config = parse(await readFile(kubeconfig, 'utf8'));
  for (const entry of config.users) entry.user = { token: status.token };
  const file = join(folder, `${namespace}-${name}`);
  await writeFile(file, stringify(config), { mode: 0o600 });
  const connection = connectToCluster({ kubeconfig: file });
  const rights: Rights = {};
  for (const place of namespaces) {
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const review = await connection.create<V1SelfSubjectRulesReview>(path, { spec: { namespace: place } });
    const { incomplete, resourceRules, nonResourceRules } = review.status!;
    expect(incomplete).toBe(false);
    const listed = [...resourceRules.flatMap(spellOut), ...nonResourceRules.flatMap(spellOutPaths)];
    const own = listed.filter((right) => !everybodyMay.has(right)).sort();
    if (own.length > 0) rights[place] = own;
  }
  await connection.close();
  return rights;
}

/** `get pods`, `create batch/jobs`; `*` stands for whatever there is. A rule for some names alone ends with them. */
function spellOut({ verbs, apiGroups = [], resources = [], resourceNames = [] }: V1ResourceRule): string[] {
  const names = resourceNames.length > 0 ? ` ${resourceNames.join(' ')}` : '';
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group && `${group}/`}${resource}${names}`)),
  );
}

function spellOutPaths({ verbs, nonResourceURLs = [] }: V1NonResourceRule): string[] {
  return nonResourceURLs.flatMap((path) => verbs.map((verb) => `${verb} ${path}`));
}

/** Kubernetes' own rules for whoever has a token: to ask who it is and what it may do, and to find its way. */
const everybodyMay = new Set([
  'create authentication.k8s.io/selfsubjectreviews',
  'create authorization.k8s.io/selfsubjectaccessreviews',
  'create authorization.k8s.io/selfsubjectrulesreviews',
  ...[
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/healthz',
    '/livez',
    '/openapi',
    '/openapi/*',
    '/readyz',
    '/version',
    '/version/',
  ].map((path) => `get ${path}`),
  ...[
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/',
    '/openid/v1/jwks',
    '/openid/v1/jwks/',
  ].map((path) => `get ${path}`),
]);

const each = (verbs: string[], resource: string) => verbs.map((verb) => `${verb} ${resource}`);
const read = ['get', 'list', 'watch'];
const watch = ['list', 'watch'];
const runJobs = [
  ...each(['get', 'list', 'watch', 'create', 'patch', 'delete'], 'batch/jobs'),
  ...['pods', 'events', 'resourcequotas'].flatMap((resource) => each(read, resource)),
  'get pods/log',
  'get namespaces',
].sort();
const seeEverywhere = [...each(read, 'pods'), ...each(watch, 'nodes'), ...each(watch, 'resourcequotas')].sort();
/** Where two rules give the same right, it is listed twice. */
const readLogsAndQuotas = [...seeEverywhere, 'get pods/log', ...each(read, 'resourcequotas')].sort();
const makeNames = ['services', 'namespaces', 'discovery.k8s.io/endpointslices']
  .flatMap((kind) => each(watch, kind))
  .sort();
const everywhere = (rights: string[]): Rights => Object.fromEntries(namespaces.map((place) => [place, rights]));

/** Every account that may do anything at all. */
const table: Record<string, Rights> = {
  'free-tier/free-tier': { 'free-service': runJobs },
  'premium-tier/premium-tier': { 'premium-service': runJobs, default: runJobs },
  'web-tier/grader-interface': {
    ...everywhere(seeEverywhere),
    'free-service': readLogsAndQuotas,
    'premium-service': readLogsAndQuotas,
  },
};

describe('An account in a namespace of the mesh', () => {
  test('may do what is in the table, and nothing else anywhere', async () => {
    await until(async () => (await listAccounts()).length >= 13, 'the accounts');
    const accounts = await listAccounts();
    const found: Record<string, Rights> = {};
    for (const account of accounts) {
      const [namespace, name] = account.split('/') as [string, string];
      found[account] = await rightsOf(namespace, name);
    }
    expect(found).toEqual({ ...Object.fromEntries(accounts.map((account) => [account, {}])), ...table });
    expect(accounts).toEqual(
      [
        ...ours.map((namespace) => `${namespace}/default`),
        'free-tier/free-tier',
        ...['ml-backend', 'ml-frontend', 'ml-training'].map((name) => `ml-pipeline/${name}`),
        'premium-tier/premium-tier',
        ...['grader-interface', 'web-tier'].map((name) => `web-tier/${name}`),
      ].sort(),
    );
  });

  test('of which no pod is given a token that does not ask for one', async () => {
    const { items } = await cluster.get<V1ServiceAccountList>('/api/v1/serviceaccounts');
    const giving = items.filter(
      ({ metadata, automountServiceAccountToken }) =>
        ours.includes(metadata!.namespace!) && automountServiceAccountToken !== false,
    );
    expect(giving.map(({ metadata }) => `${metadata!.namespace}/${metadata!.name}`)).toEqual([]);
  });
});

test("The cluster DNS watches what names are made of, and Jobs' pods in default may do nothing", async () => {
  expect(await rightsOf('kube-system', 'cluster-dns')).toEqual(everywhere(makeNames));
  expect(await rightsOf('default', 'default')).toEqual({});
});

async function listAccounts(): Promise<string[]> {
  const { items } = await cluster.get<V1ServiceAccountList>('/api/v1/serviceaccounts');
  const named = items.map(({ metadata }) => [metadata!.namespace!, metadata!.name!] as const);
  return named
    .filter(([namespace]) => ours.includes(namespace))
    .map((parts) => parts.join('/'))
    .sort();
}

// The list of rules is what the API server says of itself; these are its decisions.
test.each([
  ['yes', 'free-tier', 'create jobs', 'free-service'],
  ['no', 'free-tier', 'create jobs', 'premium-service'],
  ['no', 'free-tier', 'create pods', 'free-service'],
  ['no', 'free-tier', 'get secrets', 'free-tier'],
  ['no', 'free-tier', 'deletecollection jobs', 'free-service'],
  ['no', 'free-tier', 'update jobs', 'free-service'],
  ['no', 'free-tier', 'update jobs/status', 'free-service'],
  ['no', 'free-tier', 'create pods/exec', 'free-service'],
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
