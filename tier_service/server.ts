import { setTimeout } from 'node:timers/promises';
import { connectToCluster, type KubernetesError } from '@ml-job-mesh/cluster-client';
import { createLogStream, createMetrics, startInternalServer } from '@ml-job-mesh/http-service';
import closeWithGrace from 'close-with-grace';
import { startAdmission } from './admission/admission.ts';
import { buildApp } from './app.ts';
import { readEnvironment } from './environment.ts';
import { createJobIndex, type JobRecord } from './records/job-index.ts';
import { startLogFollower } from './records/log-follower.ts';
import { startRecordKeeper } from './records/record-keeper.ts';
import { loadJobTemplate } from './submission/job-template.ts';
import { createStampClock } from './submission/stamp-clock.ts';
import { createSubmitter } from './submission/submit-job.ts';
import type { Tier } from './tier.ts';
import { createTierMetrics } from './tier-metrics.ts';
import { startTierWatches } from './tier-watches.ts';
import { createEventHub } from './views/event-hub.ts';
import { createQueueEstimate } from './views/queue-estimate.ts';

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
  const tierMetrics = createTierMetrics(metrics, index);

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
      tierMetrics.admissionWait.observe(waitedMs / 1_000);
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
