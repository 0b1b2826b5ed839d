// Each setting of the workloads, their budgets and their classes is there for something: something else comes of an object
// without it. Objects with and without go through the same, beside each other, and many rows at once: most of it is waiting.
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cluster, runsProcesses, useNamespace } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { findSettings } from '../../web_tier/mutations/mutation.ts';
import { applyGroundwork } from '../testing/kubectl.ts';
import { budgetTrials } from './budget-trials.ts';
import { classTrials, orderTrials, removeClasses } from './class-trials.ts';
import { endingTrials } from './ending-trials.ts';
import { allObjects } from './objects.ts';
import { placementTrials } from './placement-trials.ts';
import { probeTrials, stopListening } from './probe-trials.ts';
import { describeRow, isAbout, type Row, rows, type TrialName, withoutSettings } from './rows.ts';
import { removeNodes } from './stand-in-nodes.ts';
import type { Pair, Trial } from './trial.ts';

const trials: Record<TrialName, Trial> = {
  ...budgetTrials,
  ...classTrials,
  ...endingTrials,
  ...placementTrials,
  ...probeTrials,
};
const pods = useNamespace('mutations');
const objects = await allObjects();

interface Case {
  title: string;
  row: Row;
  pair: Pair<KubernetesObject>;
}

/** What a row is about in an object, without what two objects may differ in: where a probe asks, and labels. */
function essenceOf({ trial, paths }: Row, object: KubernetesObject): string {
  const places = paths.flatMap((path) => findSettings(object, path));
  const own = places.map(({ parent, key }) => (trial in probeTrials ? [parent, key] : parent[key]));
  return JSON.stringify(own, (key, value) => (/^(httpGet|path|port|matchLabels)$/.test(key) ? undefined : value));
}

/** A row with each object that it is about; one of those where the setting is the same. */
function casesOf(row: Row): Case[] {
  const about = objects.filter((object) => isAbout(row, object));
  if (about.length === 0) throw new Error(`nothing has the setting ${describeRow(row)} of a ${row.kind}`);
  const different = new Map(about.toReversed().map((object) => [essenceOf(row, object), object]));
  return [...different.values()].map((object) => ({
    title: `${row.kind} ${object.metadata!.name ?? object.metadata!.labels!['app.kubernetes.io/name']}: ${describeRow(row)}`,
    row,
    pair: { whole: object, changed: withoutSettings(row, object) },
  }));
}

/** What has to do with nodes of processes alone cannot be tried elsewhere: probes ask this machine. */
const cases = rows.flatMap(casesOf).filter(({ row }) => runsProcesses || !(row.trial in probeTrials));
const isAboutOrder = ({ row }: Case) => row.trial in orderTrials;
const asksProbes = ({ row }: Case) => row.trial in probeTrials;
const takesLong = ({ row }: Case) => row.trial === 'ends slowly' || row.trial === 'loses its node';
const atOnce = 8;
const outcomes = new Map<Case, PromiseWithResolvers<Pair<string>>>(cases.map((one) => [one, Promise.withResolvers()]));
let finished: Promise<unknown>;

async function tryOut(one: Case): Promise<void> {
  const { resolve, reject, promise } = outcomes.get(one)!;
  promise.catch(() => undefined);
  const id = `m${cases.indexOf(one)}-${pods.namespace.slice(-6)}`;
  await trials[one.row.trial](one.pair, { pods, id }).then(resolve, reject);
}

async function tryInTurn(some: Case[]): Promise<void> {
  for (const one of some) await tryOut(one);
}

/** More at once would only wait for the processor. */
async function tryAtOnce(some: Case[]): Promise<void> {
  const waiting = some.values();
  const work = async () => {
    for (const one of waiting) await tryOut(one);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** What deletes pods would disturb what is about order, so it comes later; what takes half a minute comes first then. */
async function tryAll(): Promise<void> {
  const others = cases.filter((one) => !isAboutOrder(one) && !asksProbes(one));
  const inOrder = others.toSorted((a, b) => Number(takesLong(b)) - Number(takesLong(a)));
  await Promise.all([
    tryAtOnce(cases.filter(asksProbes)),
    tryInTurn(cases.filter(isAboutOrder)).then(() => tryAtOnce(inOrder)),
  ]);
}

beforeAll(async () => {
  await applyGroundwork();
  finished = tryAll();
});

afterAll(async () => {
  await finished;
  await stopListening();
  // No kubelet ends the pods of nodes that have none.
  const path = `/api/v1/namespaces/${pods.namespace}/pods`;
  await cluster.delete(path, { gracePeriodSeconds: 0 }, { timeoutMs: 60_000 });
  await Promise.all([removeNodes(), removeClasses()]);
});

test.each(cases)(
  '$row.trial: without it, something else comes of $title',
  async (some) => {
    const { whole, changed } = await outcomes.get(some)!.promise;
    expect(whole).toBe(some.row.expected);
    expect(changed).not.toBe(whole);
  },
  300_000,
);
