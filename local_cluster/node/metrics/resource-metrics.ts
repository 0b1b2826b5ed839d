// `/metrics/resource`, what metrics-server and so `kubectl top` and autoscalers read of a node. Names and units are kubelet's
// (k8s.io/kubernetes/pkg/kubelet/metrics/collectors, resource_metrics.go).
import { Counter, Gauge, Registry } from 'prom-client';
import { addUsage, type Usage } from './process-usage.ts';

/** One running container. */
export interface MeasuredContainer {
  namespace: string;
  pod: string;
  container: string;
  /** Seconds since the epoch. */
  startedAt: number;
  usage: Usage;
}

/** The metrics of a node, in Prometheus' text format: each container, each pod, and the node as all of its pods together. */
export function describeResources(containers: MeasuredContainer[]): Promise<string> {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const containerLabels = ['container', 'namespace', 'pod'] as const;
  const containerCpu = counter(
    'container_cpu_usage_seconds_total',
    'Cumulative cpu time consumed by the container in core-seconds',
    [...containerLabels],
  );
  const containerMemory = gauge('container_memory_working_set_bytes', 'Current working set of the container in bytes', [
    ...containerLabels,
  ]);
  const containerStart = gauge(
    'container_start_time_seconds',
    'Start time of the container since unix epoch in seconds',
    [...containerLabels],
  );
  const podCpu = counter('pod_cpu_usage_seconds_total', 'Cumulative cpu time consumed by the pod in core-seconds', [
    'namespace',
    'pod',
  ]);
  const podMemory = gauge('pod_memory_working_set_bytes', 'Current working set of the pod in bytes', [
    'namespace',
    'pod',
  ]);

  for (const { namespace, pod, container, startedAt, usage } of containers) {
    const labels = { container, namespace, pod };
    containerCpu.inc(labels, usage.cpuSeconds);
    containerMemory.set(labels, usage.memoryBytes);
    containerStart.set(labels, startedAt);
  }
  for (const members of Map.groupBy(containers, ({ namespace, pod }) => `${namespace}/${pod}`).values()) {
    const { namespace, pod } = members[0]!;
    const { cpuSeconds, memoryBytes } = addUsage(members.map(({ usage }) => usage));
    podCpu.inc({ namespace, pod }, cpuSeconds);
    podMemory.set({ namespace, pod }, memoryBytes);
  }
  const node = addUsage(containers.map(({ usage }) => usage));
  counter('node_cpu_usage_seconds_total', 'Cumulative cpu time consumed by the node in core-seconds').inc(
    node.cpuSeconds,
  );
  gauge('node_memory_working_set_bytes', 'Current working set of the node in bytes').set(node.memoryBytes);
  gauge('resource_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise').set(0);
  return registry.metrics();
}
