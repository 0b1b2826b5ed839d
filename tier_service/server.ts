import { setTimeout } from 'node:timers/promises';
import { connectToCluster, type KubernetesError } from '@ml-job-mesh/cluster-client';
import closeWithGrace from 'close-with-grace';
import { startAdmission } from './admission/admission.ts';
import { buildApp } from './app.ts';
import { readEnvironment } from './environment.ts';
import { startInternalServer } from './internal-server.ts';
import { createEventHub } from './jobs/event-hub.ts';
import { createJobIndex, type JobRecord } from './jobs/job-index.ts';
import { loadJobTemplate } from './jobs/job-template.ts';
import { startLogFollower } from './jobs/log-follower.ts';
import { createQueueEstimate } from './jobs/queue-estimate.ts';
import { startRecordKeeper } from './jobs/record-keeper.ts';
import { createStampClock } from './jobs/stamp-clock.ts';
import { createSubmitter } from './jobs/submit-job.ts';
import { createLogStream } from './log-stream.ts';
import { createMetrics } from './metrics.ts';
import type { Tier } from './tier.ts';
import { startTierWatches } from './tier-watches.ts';

/**
 * Starts a tier on this host, against the cluster that the kubeconfig or the pod's account names, and stops it when
 * the process is told to.
 */
export async function startTierService(tier: Tier): Promise<void> {
  const environment = readEnvironment();
  const template = loadJobTemplate(tier);
  const cluster = connectToCluster();
  const metrics = createMetrics(`${tier.name}-tier`);
  const clock = createStampClock();
  const index = createJobIndex(tier, clock);
  metrics.countJobs(index);

  const onFault = (during: string) => (error: KubernetesError) => {
    metrics.faults.inc({ during, reason: error.reason });
    app?.log.warn({ during, reason: error.reason, status: error.status }, error.message);
  };
  const { jobWatches, podWatches, quotaWatch } = startTierWatches(tier, cluster, onFault);
  for (const watch of jobWatches) watch.on('change', index.applyJob);
  for (const watch of podWatches) watch.on('change', index.applyPod);
  const hub = createEventHub(index);
  const estimate = createQueueEstimate(index, () => index.counts.running + index.counts.starting);
  const { maxUnfinished, maxFinished, clients } = environment;
  const submit = createSubmitter({ tier, template, cluster, index, clock, estimate, maxUnfinished });

  const context = { tier, template, cluster, index, hub, submit, clients, jobWatches, podWatches, quotaWatch };
  const app = await buildApp(context, {
    logger: { level: environment.logLevel, base: { service: `${tier.name}-tier` }, stream: createLogStream() },
  });
  metrics.measure(app);

  const stops = [
    startLogFollower({ cluster, index }),
    startRecordKeeper({
      cluster,
      index,
      maxFinished,
      onFault: (error) => app.log.warn({ err: error }, 'a record was not written'),
    }),
  ];
  if (quotaWatch) {
    const onAdmitted = (record: JobRecord, waitedMs: number) => {
      metrics.admissionWait.observe(waitedMs / 1_000);
      app.log.info({ job: record.id, waitedMs }, 'admitted');
    };
    const watched = { pods: podWatches[0]!, quotas: quotaWatch };
    stops.push(startAdmission({ cluster, index, ...watched, onAdmitted, onFault: onFault('admission') }).stop);
  }

  const watches = [...jobWatches, ...podWatches, ...(quotaWatch ? [quotaWatch] : [])];
  const internal = await startInternalServer({
    host: environment.host,
    port: environment.metricsPort,
    metrics,
    isReady: () => watches.every((watch) => watch.hasSynced()),
  });
  await app.listen({ host: environment.host, port: environment.port });

  closeWithGrace({ delay: 15_000 + environment.drainMs, logger: app.log }, async () => {
    // Requests still arrive until the proxy in front has noticed; they are answered.
    await setTimeout(environment.drainMs);
    hub.close();
    await app.close();
    for (const stop of stops) stop();
    for (const watch of watches) watch.stop();
    internal.close();
    await cluster.close();
  });
}
