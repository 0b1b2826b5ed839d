import { type ConnectOptions, connectToCluster, type KubernetesError } from '@ml-job-mesh/cluster-client';
import { createMetrics, runService, type ServiceEnvironment } from '@ml-job-mesh/http-service';
import { buildGraderApp } from './app.ts';
import { startClusterFeed } from './cluster-feed.ts';
import { createClusterReader } from './cluster-reader.ts';
import { startPodWatch } from './pod-watch.ts';

type Settings = Pick<ServiceEnvironment, 'host' | 'port' | 'metricsPort' | 'logLevel' | 'drainMs' | 'clients'>;

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
  const onFault = (during: string) => (error: KubernetesError) => {
    metrics.faults.inc({ during, reason: error.reason });
    app.log.warn({ during, reason: error.reason, status: error.status }, error.message);
  };
  const onDrift = (watch: string) => (objects: number) => {
    metrics.drift.inc({ watch }, objects);
    app.log.warn({ watch, objects }, 'the copy of the cluster was wrong and has been repaired');
  };
  const separatesClients = clients.areApart;
  const pods = startPodWatch(cluster, { separatesClients, onFault: onFault('pod watch'), onDrift: onDrift('pods') });
  const feed = startClusterFeed(cluster, { pods, separatesClients, onFault, onDrift });
  metrics.countStreams({ cluster: feed.readers.size });
  const app = buildGraderApp({
    pods,
    feed,
    ...createClusterReader(cluster),
    clients,
    logger: { level: logLevel, base: { service: 'grader-interface' } },
  });
  metrics.measure(app);
  async function stop(): Promise<void> {
    feed.stop();
    await app.close();
    pods.stop();
    await cluster.close();
  }
  await runService({ app, metrics, isReady: pods.hasSynced, stop }, { host, port, metricsPort, drainMs });
}
