import { setTimeout } from 'node:timers/promises';
import { type ConnectOptions, connectToCluster } from '@ml-job-mesh/cluster-client';
import { createMetrics, type ServiceEnvironment, startInternalServer } from '@ml-job-mesh/http-service';
import closeWithGrace from 'close-with-grace';
import { buildGraderApp } from './app.ts';
import { createClusterReader } from './cluster-reader.ts';
import { startPodWatch } from './pod-watch.ts';

type Settings = Pick<ServiceEnvironment, 'host' | 'port' | 'metricsPort' | 'logLevel' | 'drainMs' | 'clients'>;

/** A long log that is being read may take this much longer when the service is told to stop. */
const closeWithinMs = 15_000;

/**
 * Starts the grader interface and stops it when the process is told to. It listens at once, and says 503 until it
 * has seen the cluster.
 *
 * @throws Error when there is no such cluster in the kubeconfig, or the port is taken
 */
export async function startGraderService(settings: Settings, clusterOptions: ConnectOptions): Promise<void> {
  const { host, port, metricsPort, logLevel, drainMs, clients } = settings;
  const cluster = connectToCluster(clusterOptions);
  const metrics = createMetrics('grader-interface');
  const pods = startPodWatch(cluster, {
    separatesClients: clients.areApart,
    onFault(error) {
      metrics.faults.inc({ during: 'pod watch', reason: error.reason });
      app.log.warn({ during: 'pod watch', reason: error.reason, status: error.status }, error.message);
    },
    onDrift(objects) {
      metrics.drift.inc({ watch: 'pods' }, objects);
      app.log.warn({ watch: 'pods', objects }, 'the copy of the cluster was wrong and has been repaired');
    },
  });
  const app = buildGraderApp({
    pods,
    ...createClusterReader(cluster),
    clients,
    logger: { level: logLevel, base: { service: 'grader-interface' } },
  });
  metrics.measure(app);
  const internal = await startInternalServer({ host, port: metricsPort, metrics, isReady: pods.hasSynced });
  await app.listen({ host, port });

  closeWithGrace({ delay: closeWithinMs + drainMs, logger: app.log }, async () => {
    // Requests still arrive until whoever sends them has noticed; they are answered.
    await setTimeout(drainMs);
    await app.close();
    pods.stop();
    internal.close();
    await cluster.close();
  });
}
