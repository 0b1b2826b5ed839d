// A tier's queue of a given length, fed with the events of one job after the other that passes through it.
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { startWatchCache } from '@ml-job-mesh/cluster-client';
import { freeTier } from '../../free_service/app/tier.ts';
import { startAdmission } from '../../tier_service/admission/admission.ts';
import { startRecordKeeper } from '../../tier_service/ending/record-keeper.ts';
import { createJobIndex } from '../../tier_service/records/job-index.ts';
import { keepJob } from '../../tier_service/records/kept-job.ts';
import { createStampClock } from '../../tier_service/records/stamp-clock.ts';
import { annotation } from '../../tier_service/state/annotations.ts';
import { jobsPath, podsPath } from '../../tier_service/state/job-paths.ts';
import type { Job, KnownJob, Pod, ResourceQuota } from '../../tier_service/state/kubernetes-objects.ts';
import { buildJob } from '../../tier_service/submission/job-builder.ts';
import { randomJobName } from '../../tier_service/submission/job-name.ts';
import { hashOf } from '../../tier_service/submission/job-request.ts';
import { loadJobTemplate } from '../../tier_service/submission/job-template.ts';
import { createEventHub } from '../../tier_service/views/event-hub.ts';
import { createRecordedCluster } from './recorded-cluster.ts';

const namespace = 'free-service';
const jobs = jobsPath(namespace);
const pods = podsPath(namespace);
const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
const template = loadJobTemplate(freeTier);
const choices = { dataset: 'mnist', epochs: 5, pretrained: false } as const;

/** Starts everything that a tier does with an event, with so many jobs waiting and one place taken. */
export async function startQueueUnderTest(length: number) {
  const clock = createStampClock(Date.now);
  const known = new Map<string, Job>();
  let events = 0;
  const cluster = createRecordedCluster((path, body) => {
    const job = known.get(path.slice(path.lastIndexOf('/') + 1));
    if (job) show(jobs, 'MODIFIED', applied(job, body));
  });
  const show = (path: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Job | Pod | ResourceQuota) => {
    events++;
    cluster.show(path, type, object);
  };
  const newJob = () => {
    const job = createJob(clock.next());
    known.set(job.metadata!.name!, job);
    return job;
  };

  cluster.list(jobs, Array.from({ length: length + 1 }, newJob));
  cluster.list(quotas, [quota(0)]);
  const index = createJobIndex();
  index.onChange(({ job }) => clock.saw(job));
  const watches = {
    jobs: startWatchCache<KnownJob>(cluster.connection, { path: jobs, keep: keepJob, watchSeconds: 3_600 }),
    pods: startWatchCache<Pod>(cluster.connection, { path: pods, watchSeconds: 3_600 }),
    quotas: startWatchCache<ResourceQuota>(cluster.connection, { path: quotas, watchSeconds: 3_600 }),
  };
  watches.jobs.on('change', index.applyJob);
  watches.pods.on('change', index.applyPod);
  const hub = createEventHub(index);
  const stopKeeping = startRecordKeeper({ cluster: cluster.connection, index, maxFinished: 1_000 });
  const admission = startAdmission({ cluster: cluster.connection, index, pods: watches.pods, quotas: watches.quotas });

  const until = async (holds: () => boolean) => {
    while (!holds()) await setImmediate();
  };
  await until(() => [jobs, pods, quotas].every(cluster.isWatched) && index.starting.size === 1);

  /** The job that has the place ends and is cleared, the next one gets it, and a new one joins the queue. */
  async function passOne(): Promise<void> {
    const [record] = index.starting;
    const job = known.get(record!.id)!;
    const pod = createPod(job);
    show(pods, 'ADDED', pod);
    show(quotas, 'MODIFIED', quota(1));
    show(pods, 'MODIFIED', inPhase(pod, 'Running'));
    await until(() => record!.state.status === 'running');
    show(pods, 'MODIFIED', inPhase(pod, 'Succeeded'));
    show(jobs, 'MODIFIED', { ...known.get(record!.id)!, status: { conditions: [complete] } });
    await until(() => known.get(record!.id)!.metadata?.annotations?.[annotation.outcome] !== undefined);
    show(quotas, 'MODIFIED', quota(0));
    await until(() => index.starting.size === 1);
    show(jobs, 'ADDED', newJob());
    show(pods, 'DELETED', pod);
    show(jobs, 'DELETED', job);
    known.delete(record!.id);
    await until(() => index.counts.queued === length && index.get(record!.id) === undefined);
  }

  return {
    passOne,
    /** How many events have been shown. */
    events: () => events,
    stop(): void {
      admission.stop();
      stopKeeping();
      hub.close();
      for (const watch of Object.values(watches)) watch.stop();
      cluster.end();
    },
  };

  /** The Job as the API server makes it of a patch: a list of operations or a merge. */
  function applied(job: Job, body: unknown): Job {
    const { annotations = {} } = (body as { metadata?: Job['metadata'] }).metadata ?? {};
    const admitted = Array.isArray(body) ? { [annotation.admitted]: new Date().toISOString() } : {};
    const metadata = { ...job.metadata, annotations: { ...job.metadata?.annotations, ...annotations, ...admitted } };
    const patched = { ...job, metadata, spec: { ...job.spec!, suspend: false } } as Job;
    known.set(job.metadata!.name!, patched);
    return patched;
  }
}

const complete = { type: 'Complete', status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' };

function createJob(accepted: string): Job {
  const job = buildJob(template, choices, {
    name: randomJobName('free-job-template-'),
    namespace,
    suspend: true,
    accepted,
    requestId: randomUUID(),
    requestHash: hashOf(choices),
  });
  Object.assign(job.metadata!, { uid: randomUUID(), creationTimestamp: '2026-01-01T00:00:00Z' });
  return job;
}

function createPod(job: Job): Pod {
  const { name, uid } = job.metadata!;
  return {
    metadata: {
      name: `${name}-pod`,
      namespace,
      uid: `${uid}-pod`,
      ownerReferences: [{ kind: 'Job', name, uid, controller: true }],
    },
    spec: job.spec!.template.spec!,
    status: { phase: 'Pending' },
  } as Pod;
}

function inPhase(pod: Pod, phase: 'Running' | 'Succeeded'): Pod {
  const time = '2026-01-01T00:00:01Z';
  const state =
    phase === 'Running'
      ? { running: { startedAt: time } }
      : { terminated: { exitCode: 0, startedAt: time, finishedAt: time, reason: 'Completed' } };
  return { ...pod, status: { phase, containerStatuses: [{ name: 'classify', state }] } } as Pod;
}

/** A quota with one place. */
function quota(taken: 0 | 1): ResourceQuota {
  const hard = { 'requests.cpu': '1', 'limits.cpu': '1' };
  const used = taken ? { 'requests.cpu': '900m', 'limits.cpu': '900m' } : { 'requests.cpu': '0', 'limits.cpu': '0' };
  return { metadata: { name: 'free-tier-quota', namespace }, spec: { hard }, status: { hard, used } } as ResourceQuota;
}
