// How many requests the API server has answered, from its own metrics.
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';

/** What components do by themselves, whether anybody asks a service or not. */
const background = /[{,]resource="(leases|events)"/;

/** Requests since the API server's start; watches, leases and events do not count, nor does what has no resource. */
export async function countApiCalls(api: ClusterConnection): Promise<number> {
  return sumOfCalls(await api.text('/metrics', { timeoutMs: 30_000 }));
}

/** The sum of `apiserver_request_total` in the Prometheus text format, as far as it counts. */
export function sumOfCalls(metrics: string): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{'))
    .filter((line) => !/verb="WATCH"|[{,]resource=""/.test(line) && !background.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
