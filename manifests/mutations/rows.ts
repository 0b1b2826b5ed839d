// Settings of the workloads and of what goes with them, and what would come to pass without them.
import type { KubernetesObject } from '@kubernetes/client-node';
import { changeSettings, findSettings, type SettingPath } from '../../web_tier/mutations/mutation.ts';
import type { budgetTrials } from './budget-trials.ts';
import type { classTrials } from './class-trials.ts';
import type { endingTrials } from './ending-trials.ts';
import type { placementTrials } from './placement-trials.ts';
import type { probeTrials } from './probe-trials.ts';

/** What is tried with an object as the manifests have it, and with one without a setting. */
export type TrialName = keyof (typeof budgetTrials &
  typeof classTrials &
  typeof endingTrials &
  typeof placementTrials &
  typeof probeTrials);

export interface Row {
  kind: 'Deployment' | 'Job' | 'JobTemplate' | 'PodDisruptionBudget' | 'PriorityClass';
  /** The only object of the kind that the row is about. */
  name?: string;
  paths: SettingPath[];
  /** What is put in the place of the setting, where nothing is not allowed. */
  value?: unknown;
  trial: TrialName;
  /** What comes of the object as it is. */
  expected: string;
}

const pod = (...rest: SettingPath): SettingPath => ['spec', 'template', 'spec', ...rest];
const containers = (...rest: SettingPath): SettingPath[] => [
  pod('containers', '*', ...rest),
  pod('initContainers', '*', ...rest),
];
const service = { kind: 'Deployment' } as const;
const job = { kind: 'JobTemplate' } as const;
const training = { kind: 'Job' } as const;
const budget = { kind: 'PodDisruptionBudget' } as const;

const probe = (path: SettingPath, trial: TrialName, expected: string): Row => ({
  ...service,
  paths: containers(...path),
  trial,
  expected,
});
const probes: Row[] = [
  probe(['startupProbe'], 'starts slowly', 'started'),
  probe(['startupProbe', 'failureThreshold'], 'starts slowly', 'started'),
  probe(['startupProbe', 'timeoutSeconds'], 'answers its startup probe late', 'started'),
  probe(['readinessProbe'], 'is not ready', 'not ready'),
  probe(['readinessProbe', 'timeoutSeconds'], 'answers its readiness probe late', 'ready'),
  probe(['livenessProbe'], 'hangs', 'restarted'),
  probe(['livenessProbe', 'failureThreshold'], 'hangs for a while', 'left alone'),
  probe(['livenessProbe', 'timeoutSeconds'], 'answers its liveness probe late', 'left alone'),
];

const endings: Row[] = [
  { ...service, paths: [pod('terminationGracePeriodSeconds')], trial: 'ends slowly', expected: 'killed later' },
  { ...job, paths: [pod('terminationGracePeriodSeconds')], trial: 'ends slowly', expected: 'killed sooner' },
  { ...training, paths: [pod('terminationGracePeriodSeconds')], trial: 'ends slowly', expected: 'killed sooner' },
  {
    ...service,
    paths: [pod('containers', '*', 'lifecycle', 'preStop', 'sleep')],
    trial: 'is told to end',
    expected: 'goes on for a while',
  },
  { ...job, paths: [pod('activeDeadlineSeconds')], trial: 'never ends', expected: 'DeadlineExceeded' },
  { ...training, paths: [pod('activeDeadlineSeconds')], trial: 'never ends', expected: 'DeadlineExceeded' },
  { ...job, paths: containers('terminationMessagePolicy'), trial: 'fails', expected: 'says why' },
  { ...training, paths: containers('terminationMessagePolicy'), trial: 'fails', expected: 'says why' },
  { ...job, paths: [['spec', 'backoffLimit']], trial: 'fails as a Job', expected: 'has failed' },
  { ...job, paths: [['spec', 'ttlSecondsAfterFinished']], trial: 'is over', expected: 'removed' },
];

const tolerations = (...rest: SettingPath) => [pod('tolerations', ...rest)];
const spread = (...rest: SettingPath) => [pod('topologySpreadConstraints', ...rest)];
const spreadOut = { ...service, trial: 'has replicas', expected: 'a b' } as const;
const places: Row[] = [
  ...['not-ready', 'unreachable'].map(
    (state): Row => ({
      ...job,
      paths: tolerations({ having: state }),
      trial: 'loses its node',
      expected: 'not ready: leaves, unreachable: leaves',
    }),
  ),
  {
    ...job,
    paths: tolerations('*', 'tolerationSeconds'),
    trial: 'loses its node',
    expected: 'not ready: leaves, unreachable: leaves',
  },
  { ...spreadOut, paths: spread() },
  // The keys of labels are nothing without a selector.
  { ...spreadOut, paths: [...spread('*', 'labelSelector'), ...spread('*', 'matchLabelKeys')] },
  { ...spreadOut, paths: spread('*', 'matchLabelKeys') },
  { ...spreadOut, paths: spread('*', 'topologyKey'), value: 'example.com/rack' },
  { ...spreadOut, paths: spread('*', 'maxSkew'), value: 5 },
  {
    ...service,
    paths: spread('*', 'whenUnsatisfiable'),
    value: 'DoNotSchedule',
    trial: 'has room on one node alone',
    expected: 'b b',
  },
];

const first = 'is placed first';
const classes: Row[] = [
  { ...service, paths: [pod('priorityClassName')], trial: 'waits beside premium jobs', expected: first },
  {
    ...job,
    name: 'free-job',
    paths: [pod('priorityClassName')],
    trial: 'waits beside premium jobs, with a default class',
    expected: 'waits',
  },
  { kind: 'PriorityClass', paths: [['preemptionPolicy']], trial: 'waits beside lesser pods', expected: 'waits' },
];

const budgets: Row[] = [
  { ...budget, paths: [['spec', 'maxUnavailable']], trial: 'is evicted', expected: '201 429' },
  { ...budget, paths: [['spec', 'selector']], trial: 'is evicted', expected: '201 429' },
  {
    ...budget,
    paths: [['spec', 'unhealthyPodEvictionPolicy']],
    trial: 'is evicted unready',
    expected: '201 201',
  },
];

export const rows: Row[] = [...probes, ...endings, ...places, ...classes, ...budgets];

/** Settings that Kubernetes fills in alike, and an object that has them: there is nothing to see without them. */
const filledIn: [kind: Row['kind'], name: string, setting: string][] = [
  ['Deployment', 'grader-interface', 'terminationGracePeriodSeconds'],
];

/** Whether a row is about an object, which may not have the setting. */
export function isAbout({ kind, name, paths }: Row, object: KubernetesObject): boolean {
  const called = object.metadata?.name ?? object.metadata!.labels!['app.kubernetes.io/name'];
  if (object.kind !== kind || (name && name !== called)) return false;
  const setting = paths[0]!.at(-1);
  if (filledIn.some((one) => one[0] === kind && one[1] === called && one[2] === setting)) return false;
  return paths.some((path) => findSettings(object, path).length > 0);
}

/** A copy of an object without a row's settings. */
export function withoutSettings<T extends KubernetesObject>({ paths, value }: Row, object: T): T {
  const changed = structuredClone(object);
  for (const path of paths) changeSettings(changed, path, value);
  return changed;
}

/** A row's settings, for messages. */
export function describeRow({ paths, value }: Row): string {
  const steps = paths[0]!.filter((step) => !['spec', 'template', '*'].includes(step as string));
  const setting = steps.map((step) => (typeof step === 'object' ? `[${step.having}]` : step)).join('.');
  return value === undefined ? setting : `${setting} (${value} instead)`;
}
