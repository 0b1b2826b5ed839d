// What a tier, somebody else and an administrator may want to do with Jobs, allowed or not.
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import {
  changeLabels,
  countsOthers,
  createJob,
  type JobOptions,
  jobIn,
  refusedLabels,
  refusedReach,
  refusedRights,
  tierLabel,
} from '../testing/tier-jobs.ts';

/** Who asks. */
export type Callers = Record<'premium' | 'somebody' | 'administrator', ClusterConnection>;

/** Jobs that are there already: of the tier, older than the policy, of nobody, and of another tier. */
export type Jobs = Record<'own' | 'old' | 'others' | 'free', string>;

export interface Attempt {
  what: string;
  /** Asks, and changes nothing. */
  ask: (callers: Callers, namespace: string, jobs: Jobs) => Promise<unknown>;
}

const all = { query: { dryRun: 'All' } };
const annotation = { metadata: { annotations: { touched: 'yes' } } };
const label = (value: string | null) => ({ metadata: { labels: { [tierLabel]: value } } });

const create = (what: string, by: keyof Callers, tier: string | undefined, options: JobOptions = {}): Attempt => ({
  what: `${by} creates ${what}`,
  ask: (callers, namespace) => createJob(callers[by], namespace, tier, { ...options, dryRun: true }),
});
const patch = (what: string, by: keyof Callers, job: keyof Jobs, body: object): Attempt => ({
  what: `${by} ${what} (${job})`,
  ask: (callers, namespace, jobs) => callers[by].patch(jobIn(namespace, jobs[job]), body, all),
});
const remove = (by: keyof Callers, job: keyof Jobs): Attempt => ({
  what: `${by} deletes a Job (${job})`,
  ask: (callers, namespace, jobs) => callers[by].delete(jobIn(namespace, jobs[job]), undefined, all),
});

/** Makes the Jobs that are there already, before there is a policy. */
export async function createJobs({ administrator }: Callers, namespace: string): Promise<Jobs> {
  const [own, old, others, free] = await Promise.all([
    createJob(administrator, namespace, 'premium'),
    createJob(administrator, namespace, 'premium', {
      pod: { hostNetwork: true, priorityClassName: 'ml-job-mesh-services' },
      podLabels: { old: 'yes' },
    }),
    createJob(administrator, namespace),
    createJob(administrator, namespace, 'free'),
  ]);
  return { own, old, others, free };
}

const services = { priorityClassName: 'ml-job-mesh-services' };

export const attempts: Attempt[] = [
  ...(['own', 'old', 'others', 'free'] as const).flatMap((job) => [
    patch('touches a Job', 'premium', job, annotation),
    remove('premium', job),
  ]),
  ...(['own', 'others'] as const).flatMap((job) => [
    patch('touches a Job', 'somebody', job, annotation),
    remove('somebody', job),
  ]),
  patch('takes a label off', 'premium', 'own', label(null)),
  patch('takes a Job over', 'premium', 'others', label('premium')),
  patch('labels a Job', 'somebody', 'others', label('premium')),
  patch('labels a Job', 'administrator', 'others', label('premium')),
  patch("changes its pods' labels", 'somebody', 'others', changeLabels({ app: 'shop' })),
  create('a Job', 'premium', 'premium'),
  create('a Job without a label', 'premium', undefined),
  create("another tier's Job", 'premium', 'free'),
  create('a Job', 'somebody', undefined),
  create("a tier's Job", 'somebody', 'premium'),
  create("a tier's Job", 'administrator', 'premium'),
  create('one with a high class', 'premium', 'premium', { pod: services }),
  create('one with a high class', 'somebody', undefined, { pod: services }),
  ...[...refusedReach, ...refusedRights].map(([what, pod]) =>
    create(`one with ${what}`, 'premium', 'premium', { pod }),
  ),
  ...refusedReach.map(([what, pod]) => create(`one with ${what}`, 'somebody', undefined, { pod })),
  create('one with no securityContext', 'somebody', undefined, { pod: refusedRights[1]![1] }),
  ...refusedLabels.flatMap(([what, podLabels]) => [
    create(`one whose pods have ${what}`, 'premium', 'premium', { podLabels }),
    patch(`gives its pods ${what}`, 'premium', 'own', changeLabels(podLabels)),
  ]),
  create('one that counts others', 'premium', 'premium', { spec: countsOthers }),
  create('one that counts others', 'somebody', undefined, { spec: countsOthers }),
];
