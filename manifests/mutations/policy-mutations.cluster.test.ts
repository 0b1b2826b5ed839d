// Each rule of the policy for Jobs, each condition in it and each operation that it looks at is there for something: without
// it the API server answers something else to somebody. Each is left out of a copy of the policy, for a namespace of its own.
import { randomBytes } from 'node:crypto';
import type { V1ValidatingAdmissionPolicy, V1ValidatingAdmissionPolicyBinding } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cluster, until } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { useAccounts } from '../testing/accounts.ts';
import { applyGroundwork } from '../testing/kubectl.ts';
import { ofKind, render } from '../testing/render.ts';
import { jobIn, jobsIn, tryOut } from '../testing/tier-jobs.ts';
import { attempts, type Callers, createJobs, type Jobs } from './policy-attempts.ts';
import { listPolicyMutations, type PolicyMutation } from './policy-mutations.ts';

const objects = await render('../base');
const [policy] = ofKind<V1ValidatingAdmissionPolicy>(objects, 'ValidatingAdmissionPolicy');
const [binding] = ofKind<V1ValidatingAdmissionPolicyBinding>(objects, 'ValidatingAdmissionPolicyBinding');
const admission = '/apis/admissionregistration.k8s.io/v1';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const run = `policy-${randomBytes(3).toString('hex')}`;
const accounts = useAccounts();
let callers: Callers;
let copies = 0;

/** Conditions without which nothing changes, and why they are written all the same. */
const explained: Record<string, string> = {
  "validations 1: variables.asking == ''":
    'no tier may change the policy; one that an administrator runs by hand is no tier to it',
  "validations 2: variables.asking == ''": 'the same',
  'validations 8: !one.?securityContext.?privileged.orValue(false)':
    'the API server takes no privileged container without escalation, which the next condition refuses',
};

interface Copy {
  namespace: string;
  jobs: Jobs;
}

beforeAll(async () => {
  await applyGroundwork();
  // Who may do everything with Jobs: what is refused is refused by the policy.
  const subjects = [
    ['premium-tier', 'premium-tier'],
    ['default', 'default'],
  ].map(([namespace, name]) => ({ kind: 'ServiceAccount', namespace, name }));
  await cluster.create(`${rbac}/clusterroles`, {
    metadata: { name: run },
    rules: [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['*'] }],
  });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: run };
  await cluster.create(`${rbac}/clusterrolebindings`, { metadata: { name: run }, roleRef, subjects });
  callers = {
    premium: await accounts.connectAs('premium-tier', 'premium-tier'),
    somebody: await accounts.connectAs('default', 'default'),
    administrator: cluster,
  };
});

afterAll(async () => {
  await Promise.all(
    [`${rbac}/clusterrolebindings/${run}`, `${rbac}/clusterroles/${run}`].map((path) => cluster.delete(path)),
  );
  await accounts.end();
});

/** Binds a policy to a new namespace; settles when it is in force there. */
async function makeCopy({ spec }: PolicyMutation['policy']): Promise<Copy> {
  const name = `${run}-${copies++}`;
  await cluster.create('/api/v1/namespaces', { metadata: { name } });
  const jobs = await createJobs(callers, name);
  // Which nobody but this wait asks for: that a Job is labelled so.
  const mark = 'example.com/in-force';
  const marked = {
    expression: `object == null || !('${mark}' in object.metadata.?labels.orValue({}))`,
    message: 'in force',
  };
  // The first one, since the API server says no more than the first reason.
  const validations = [marked, ...spec!.validations!];
  await cluster.create(`${admission}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: { ...spec, validations },
  });
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': name } };
  await cluster.create(`${admission}/validatingadmissionpolicybindings`, {
    metadata: { name },
    spec: { ...binding!.spec, policyName: name, matchResources: { namespaceSelector } },
  });
  const query = { dryRun: 'All' };
  const labels = { [mark]: 'yes' };
  const seesUpdates = spec!.matchConstraints!.resourceRules![0]!.operations!.includes('UPDATE');
  const pod = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] };
  const ask = () =>
    seesUpdates
      ? cluster.patch(jobIn(name, jobs.others), { metadata: { labels } }, { query })
      : cluster.create(jobsIn(name), { metadata: { name, labels }, spec: { template: { spec: pod } } }, { query });
  await until(async () => (await tryOut(ask())).includes('in force'), `the policy ${name} to be in force`);
  return { namespace: name, jobs };
}

async function removeCopy({ namespace }: Copy): Promise<void> {
  const paths = [
    `${admission}/validatingadmissionpolicybindings/${namespace}`,
    `${admission}/validatingadmissionpolicies/${namespace}`,
    `/api/v1/namespaces/${namespace}`,
  ];
  for (const path of paths) await cluster.delete(path);
}

const answerIn = ({ namespace, jobs }: Copy, index: number) => tryOut(attempts[index]!.ask(callers, namespace, jobs));

/** The answers to all attempts under the whole policy. */
let answers: string[];
const outcomes = new Map<string, Promise<string | undefined>>();

/** What the policy of a copy answers differently first: who wants what, and the answer. */
async function findChange(mutation: PolicyMutation): Promise<string | undefined> {
  const copy = await makeCopy(mutation.policy);
  try {
    for (const [index, { what }] of attempts.entries()) {
      const answer = await answerIn(copy, index);
      if (answer !== answers[index]) return `${what}: ${answer}`;
    }
    return undefined;
  } finally {
    await removeCopy(copy);
  }
}

const mutations = listPolicyMutations(policy!);

beforeAll(async () => {
  const whole = await makeCopy(policy!);
  answers = await Promise.all(attempts.map((_, index) => answerIn(whole, index)));
  await removeCopy(whole);
  // A few at a time: the API server compiles each policy.
  let turn = 0;
  const work = async () => {
    for (let mutation = mutations[turn++]; mutation; mutation = mutations[turn++]) {
      const outcome = findChange(mutation);
      outcomes.set(mutation.without, outcome);
      await outcome.catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: 6 }, work));
});

test('The whole policy lets some of the attempts through and refuses others', () => {
  const refused = answers.filter((answer) => answer.startsWith('403 '));
  expect([answers.filter((answer) => answer === 'done').length, refused.length]).toEqual([28, 49]);
  expect(answers.filter((answer) => answer !== 'done' && !refused.includes(answer))).toEqual([]);
});

test.each(mutations.filter(({ without }) => !(without in explained)))(
  'the API server answers something else without $without',
  async ({ without }) => {
    expect(await outcomes.get(without)).toBeDefined();
  },
);

test.each(Object.entries(explained))('nothing changes without %s (%s)', async (without) => {
  expect(mutations.map((mutation) => mutation.without)).toContain(without);
  expect(await outcomes.get(without)).toBeUndefined();
});
