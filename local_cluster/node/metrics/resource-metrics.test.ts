import { expect, test } from 'vitest';
import { describeResources } from './resource-metrics.ts';

test('each container, each pod and the node are told, under the names that kubelet uses', async () => {
  const base = { namespace: 'jobs', startedAt: 1_700_000_000 };
  const text = await describeResources([
    { ...base, pod: 'a', container: 'main', usage: { cpuSeconds: 1.5, memoryBytes: 100 } },
    { ...base, pod: 'a', container: 'sidecar', usage: { cpuSeconds: 0.5, memoryBytes: 20 } },
    { ...base, pod: 'b', container: 'main', usage: { cpuSeconds: 3, memoryBytes: 7 } },
  ]);
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'container_cpu_usage_seconds_total{container="main",namespace="jobs",pod="a"} 1.5',
    'container_cpu_usage_seconds_total{container="sidecar",namespace="jobs",pod="a"} 0.5',
    'container_cpu_usage_seconds_total{container="main",namespace="jobs",pod="b"} 3',
    'container_memory_working_set_bytes{container="main",namespace="jobs",pod="a"} 100',
    'container_memory_working_set_bytes{container="sidecar",namespace="jobs",pod="a"} 20',
    'container_memory_working_set_bytes{container="main",namespace="jobs",pod="b"} 7',
    'container_start_time_seconds{container="main",namespace="jobs",pod="a"} 1700000000',
    'container_start_time_seconds{container="sidecar",namespace="jobs",pod="a"} 1700000000',
    'container_start_time_seconds{container="main",namespace="jobs",pod="b"} 1700000000',
    'pod_cpu_usage_seconds_total{namespace="jobs",pod="a"} 2',
    'pod_cpu_usage_seconds_total{namespace="jobs",pod="b"} 3',
    'pod_memory_working_set_bytes{namespace="jobs",pod="a"} 120',
    'pod_memory_working_set_bytes{namespace="jobs",pod="b"} 7',
    'node_cpu_usage_seconds_total 5',
    'node_memory_working_set_bytes 127',
    'resource_scrape_error 0',
  ]);
});
