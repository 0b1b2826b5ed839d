// How pods and Jobs end: with a shell as their work, on a node; or, where it is the Job that counts, on none.
import type { V1Job, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { cluster, endsWhenAsked, shell, statusOf, until } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { both, type Pair, type Place, podSpecOf, type Trial } from './trial.ts';

const nameIn = ({ id }: Place, which: string) => `${id}-${which}`;

/** Whether an object is there no more. */
async function isGone(path: string): Promise<boolean> {
  const found = await cluster.get(path).catch((error) => error);
  return found instanceof KubernetesError && found.status === 404;
}

/** Runs a script in a pod with some of a workload's settings; settles when it runs. */
async function run(place: Place, which: string, script: string, some: Partial<V1PodSpec>, ready?: RegExp) {
  const { pods } = place;
  const { containers, ...spec } = some;
  await pods.create(nameIn(place, which), [shell(script, containers?.[0])], spec);
  await pods.waitForRunning(nameIn(place, which));
  // A shell is asked to end before it has said what it does then, otherwise.
  if (ready) await until(async () => ready.test(await pods.readLog(nameIn(place, which))), 'the shell to be ready');
}

/** Deletes both pods; gives which is gone first. */
async function whichGoesFirst(place: Place): Promise<'whole' | 'changed'> {
  const { pods } = place;
  const pathOf = (which: string) => `/api/v1/namespaces/${pods.namespace}/pods/${nameIn(place, which)}`;
  await Promise.all(['whole', 'changed'].map((which) => pods.delete(nameIn(place, which))));
  return until(async () => {
    const [whole, changed] = await Promise.all(['whole', 'changed'].map((which) => isGone(pathOf(which))));
    return whole ? 'whole' : changed ? 'changed' : undefined;
  }, 'one of them to go');
}

const endsSlowly: Trial = async (pair, place) => {
  const ignoring = 'trap "" TERM; echo ready; sleep 600';
  await both(pair, (one, which) => {
    const { terminationGracePeriodSeconds } = podSpecOf(one);
    return run(place, which, ignoring, { terminationGracePeriodSeconds }, /ready/);
  });
  const first = await whichGoesFirst(place);
  const sayOf = (which: string) => (which === first ? 'killed sooner' : 'killed later');
  return { whole: sayOf('whole'), changed: sayOf('changed') };
};

const isToldToEnd: Trial = async (pair, place) => {
  await both(pair, (one, which) => {
    const { lifecycle } = podSpecOf(one).containers[0]!;
    // Without the only hook that it has, there is none: an empty one is refused.
    const container = { ...(lifecycle?.preStop?.sleep && { lifecycle }) } as V1PodSpec['containers'][number];
    const script = endsWhenAsked.replace('; sleep', '; echo ready; sleep');
    return run(place, which, script, { containers: [container] }, /ready/);
  });
  const first = await whichGoesFirst(place);
  const sayOf = (which: string) => (which === first ? 'ends at once' : 'goes on for a while');
  return { whole: sayOf('whole'), changed: sayOf('changed') };
};

/** In two seconds instead of the half hour or hour that it has. */
const neverEnds: Trial = async (pair, place) => {
  const { pods } = place;
  await both(pair, (one, which) => {
    const { activeDeadlineSeconds } = podSpecOf(one);
    return pods.create(nameIn(place, which), [shell('exec sleep 600')], {
      ...(activeDeadlineSeconds && { activeDeadlineSeconds: 2 }),
      terminationGracePeriodSeconds: 1,
    });
  });
  await pods.waitForRunning(nameIn(place, 'changed'));
  await pods.waitForEnd(nameIn(place, 'whole'));
  const sayOf = ({ status }: V1Pod) => status!.reason ?? status!.phase!;
  return both(pair, async (_, which) => sayOf(await pods.get(nameIn(place, which))));
};

const fails: Trial = async (pair, place) => {
  const { pods } = place;
  return both(pair, async (one, which) => {
    const { terminationMessagePolicy } = podSpecOf(one).containers[0]!;
    await pods.create(nameIn(place, which), [
      shell('echo out of memory; exit 1', { ...(terminationMessagePolicy && { terminationMessagePolicy }) }),
    ]);
    const pod = await pods.waitForEnd(nameIn(place, which));
    return /out of memory/.test(statusOf(pod)?.state?.terminated?.message ?? '') ? 'says why' : 'says nothing';
  });
};

/** A Job whose pod no scheduler places, and whose pod has come to an end. Gives the Job's path. */
async function endPodOf(job: V1Job, place: Place, which: string, phase: 'Failed' | 'Succeeded'): Promise<string> {
  const { namespace } = place.pods;
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const name = nameIn(place, which);
  const { template } = job.spec!;
  const spec = { ...template.spec!, schedulerName: 'nobody' };
  await cluster.create(jobs, { metadata: { name }, spec: { ...job.spec, template: { ...template, spec } } });
  const [pod] = await until(async () => {
    const found = await place.pods.list({ labelSelector: `batch.kubernetes.io/job-name=${name}` });
    return found.length > 0 ? found : undefined;
  }, `a pod of ${name}`);
  const path = `/api/v1/namespaces/${namespace}/pods/${pod!.metadata!.name}/status`;
  await cluster.patch(path, { status: { phase } });
  await until(async () => {
    if (await isGone(`${jobs}/${name}`)) return true;
    const { status } = await cluster.get<V1Job>(`${jobs}/${name}`).catch(() => ({}) as V1Job);
    return phase === 'Failed' ? status?.failed : status?.succeeded;
  }, `${name} to count its pod`);
  return `${jobs}/${name}`;
}

const failsAsJob: Trial = async (pair, place) => {
  const paths = await both(pair as Pair<V1Job>, (job, which) => endPodOf(job, place, which, 'Failed'));
  const hasFailed = async (path: string) =>
    (await cluster.get<V1Job>(path)).status?.conditions?.some(({ type }) => type === 'Failed');
  await until(() => hasFailed(paths.whole), 'the Job to have failed');
  return both(paths, async (path) => ((await hasFailed(path)) ? 'has failed' : 'tries again'));
};

/** After a second instead of the day that it has. */
const isOver: Trial = async (pair, place) => {
  const paths = await both(pair as Pair<V1Job>, ({ spec, ...job }, which) => {
    const soon = spec!.ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished: 2 };
    return endPodOf({ ...job, spec: { ...spec!, ...soon } }, place, which, 'Succeeded');
  });
  await until(() => isGone(paths.whole), 'the Job to be removed');
  return both(paths, async (path) => ((await isGone(path)) ? 'removed' : 'stays'));
};

export const endingTrials = {
  'ends slowly': endsSlowly,
  'is told to end': isToldToEnd,
  'never ends': neverEnds,
  fails,
  'fails as a Job': failsAsJob,
  'is over': isOver,
} satisfies Record<string, Trial>;
