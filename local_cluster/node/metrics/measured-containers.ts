import { readProcessTable } from './process-usage.ts';
import type { MeasuredContainer } from './resource-metrics.ts';

/** A pod, as far as measuring goes. */
export interface MeasurablePod {
  pod: { metadata?: { namespace?: string; name?: string } };
  containers: {
    spec: { name: string };
    runner: { current?: { start?: { shimPid: number; startedAt: string } | undefined; exit?: unknown } | undefined };
  }[];
}

/** What each running container of the pods has used until now. */
export function measureContainers(pods: Iterable<MeasurablePod>): MeasuredContainer[] {
  const table = readProcessTable();
  return [...pods].flatMap(({ pod, containers }) =>
    containers.flatMap(({ spec, runner }) => {
      const { start, exit } = runner.current ?? {};
      if (!start || exit) return [];
      return {
        namespace: pod.metadata!.namespace!,
        pod: pod.metadata!.name!,
        container: spec.name,
        startedAt: Date.parse(start.startedAt) / 1_000,
        usage: table.usageBelow(start.shimPid),
      };
    }),
  );
}
