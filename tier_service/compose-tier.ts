// How a tier is put together. The service and the tests' harness both come here, so that what is tested is what runs.
import { connectToCluster, KubernetesError } from '@ml-job-mesh/cluster-client';
import { type Clients, createMetrics } from '@ml-job-mesh/http-service';
import type { FastifyServerOptions } from 'fastify';
import { startAdmission } from './admission/admission.ts';
import { quotasCounting } from './admission/quota-scopes.ts';
import { podAmounts } from './admission/resources.ts';
import { placesIn } from './admission/room.ts';
import { startSlotFills } from './admission/slot-fills.ts';
import { createWaitingReasons } from './admission/waiting-reasons.ts';
import { addInterface, createApp } from './app.ts';
import { startRecordKeeper } from './ending/record-keeper.ts';
import type { LogTimings } from './logs/job-log.ts';
import { createJobLogs } from './logs/job-logs.ts';
import { startProgressFollower } from './logs/progress-follower.ts';
import { createJobIndex } from './records/job-index.ts';
import type { JobRecord } from './records/job-record.ts';
import { createStampClock } from './records/stamp-clock.ts';
import { loadJobTemplate } from './submission/job-template.ts';
import { createSubmitter } from './submission/submit-job.ts';
import type { Tier } from './tier.ts';
import { staleness } from './tier-context.ts';
import { createTierMetrics } from './tier-metrics.ts';
import { startTierWatches } from './tier-watches.ts';
import { createEventHub } from './views/event-hub.ts';
import { viewJob } from './views/job-view.ts';
import { createListFeed } from './views/list-feed.ts';
import { listVersion } from './views/list-page.ts';
import { createQueueEstimate } from './views/queue-estimate.ts';
import { viewQueue } from './views/queue-view.ts';

/** How long a tier waits for what; tests wait for less, and change nothing else. */
export interface TierTimings {
  /** After how long a watch ends and is begun again where it was, in seconds. */
  watchSeconds?: number;
  /** How often event streams show a sign of life. */
  heartbeatMs?: number;
  /** How often a changed position in the queue is told at most. */
  positionMs?: number;
  /** How often changes of jobs are told at most to those who read the events of all. */
  changesMs?: number;
  /** How long a pod may be unable to start before its job counts as failed. */
  stuckAfterMs?: number;
  logs?: Partial<LogTimings> | undefined;
}

export interface ComposeTierOptions {
  tier: Tier;
  clients: Clients;
  /** How many jobs may be unfinished at a time. */
  maxUnfinished: number;
  /** How many of them may be one client's, where API keys are on. */
  maxUnfinishedPerClient: number;
  /** How many finished jobs are kept. */
  maxFinished: number;
  /** The image that Jobs run; without it the one that the Job template names. */
  jobImage?: string | undefined;
  /** The kubeconfig's file; without it what `connectToCluster` finds. */
  kubeconfig?: string;
  logger?: FastifyServerOptions['logger'];
  timings?: TierTimings;
}

export type RunningTier = Awaited<ReturnType<typeof composeTier>>;

/**
 * Connects to the cluster and starts everything that a tier does, but for listening. It does not wait for the cluster: while
 * that is away, the app answers 503, and all goes on by itself when it is back.
 * @throws Error when the kubeconfig or the Job template cannot be used
 */
export async function composeTier(options: ComposeTierOptions) {
  const { tier, clients, maxFinished, jobImage, kubeconfig, logger, timings = {} } = options;
  const { maxUnfinished, maxUnfinishedPerClient } = options;
  const template = loadJobTemplate(tier, jobImage);
  const cluster = connectToCluster({ kubeconfig });
  const app = createApp({ logger: logger ?? false });
  const metrics = createMetrics(`${tier.name}-tier`);
  const onFault = (during: string) => (error: KubernetesError) => {
    metrics.faults.inc({ during, reason: error.reason });
    const bug = error.reason === 'ListenerFailed' && { err: error.cause };
    app.log.warn({ during, reason: error.reason, status: error.status, ...bug }, error.message);
  };
  const onDrift = (watched: string) => (objects: number) => {
    metrics.drift.inc({ watch: watched }, objects);
    app.log.warn({ watch: watched, objects }, 'the copy of the cluster was wrong and has been repaired');
  };

  const clock = createStampClock(cluster.now);
  const index = createJobIndex();
  index.onChange(({ job }) => clock.saw(job));
  const tierMetrics = createTierMetrics(metrics, index);
  const watched = startTierWatches(tier, cluster, { onFault, onDrift, watchSeconds: timings.watchSeconds });
  const { jobWatches, podWatches, quotaWatch } = watched;
  for (const watch of jobWatches) watch.on('change', index.applyJob);
  for (const watch of podWatches) watch.on('change', index.applyPod);
  const watches = [...jobWatches, ...podWatches, ...(quotaWatch ? [quotaWatch] : [])];

  const podSpec = template.spec!.template.spec!;
  const ask = podAmounts(podSpec);
  const quotas = quotaWatch && quotasCounting(podSpec, quotaWatch);
  const places = () => (quotas ? placesIn(ask, quotas.values()) : undefined);
  const { namespace } = tier.places[0]!;
  const reasons = createWaitingReasons({ index, namespace, ask, pods: podWatches[0]!, quotas });
  const estimate = createQueueEstimate({ index, places, now: cluster.now });
  const view = (record: JobRecord) =>
    viewJob(tier, record, {
      position: index.queuePosition(record),
      estimatedStart: estimate.startOf(record),
      reason: reasons.of(record),
    });
  const waitingOf = (record: JobRecord) => `${index.queuePosition(record)} ${reasons.of(record)?.code}`;
  const hub = createEventHub(index, { ...timings, waitingOf });
  const feed = createListFeed({
    index,
    view,
    queue: () => viewQueue({ index, places, reasons }),
    version: () => listVersion(index, reasons),
    clients,
    staleness: () => staleness(watched),
    ...timings,
  });
  metrics.countStreams({ job: hub.size, list: feed.readers.size });
  const logs = createJobLogs({ cluster, index, timings: timings.logs });
  const submit = createSubmitter({
    tier,
    template,
    cluster,
    index,
    clock,
    estimate,
    maxUnfinished,
    maxUnfinishedPerClient,
  });
  const seen = { index, hub, listReaders: feed.readers, logs, places, reasons, view, ...watched };
  const context = { tier, template, cluster, submit, clients, ...seen };
  await addInterface(app, context);
  metrics.measure(app);

  const stops = [
    reasons.stop,
    startProgressFollower({ index, logs }),
    startRecordKeeper({
      cluster,
      index,
      maxFinished,
      stuckAfterMs: timings.stuckAfterMs,
      onFault: (error) => {
        if (error instanceof KubernetesError) onFault('record')(error);
        else app.log.warn({ err: error }, 'a record was not written');
      },
    }),
  ];
  if (quotas) {
    const onAdmitted = (record: JobRecord, waitedMs: number) => {
      reasons.sawAdmission();
      tierMetrics.admissionWait.observe(waitedMs / 1_000);
      app.log.info({ job: record.id, waitedMs }, 'admitted');
    };
    const onSlotFilled = (seconds: number) => tierMetrics.slotFill.observe(seconds);
    const counted = { pods: podWatches[0]!, quotas };
    const onRefused = (error: KubernetesError) => {
      reasons.sawAdmission(error);
      onFault('admission')(error);
    };
    stops.push(
      startAdmission({ cluster, index, ...counted, onAdmitted, onFault: onRefused, onWakeFault: onFault('wake-up') })
        .stop,
      startSlotFills({ index, ...counted, ask, now: cluster.now, onFilled: onSlotFilled }).stop,
    );
  }

  return {
    app,
    metrics,
    ...context,
    /** Settles when the cluster has been seen for the first time. */
    synced: Promise.all(watches.map((watch) => watch.synced)),
    /** Whether the cluster has been seen. */
    hasSynced: () => watches.every((watch) => watch.hasSynced()),
    /** Ends the streams, finishes the requests that are being answered, and stops all that runs. */
    async stop(): Promise<void> {
      hub.close();
      feed.close();
      logs.close();
      await app.close();
      for (const stop of stops) stop();
      for (const watch of watches) watch.stop();
      await cluster.close();
    },
  };
}
