// Whom the kernel kills first when the machine has no memory left.
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';

const highest = 1000;

/**
 * The `oom_score_adj` of a container's processes. Jobs come first, whatever they ask for, then services as kubelet has it:
 * the less memory they ask for, the sooner. What the cluster itself needs keeps the score that this process has.
 * @param memoryBytes what the node has
 */
export function oomScoreOf({ spec }: V1Pod, { resources }: V1Container, memoryBytes: number): number | undefined {
  if (spec!.priorityClassName?.startsWith('system-')) return undefined;
  if (spec!.restartPolicy !== 'Always') return highest;
  const asked = resources?.requests?.memory ?? resources?.limits?.memory;
  if (!asked) return highest - 1;
  const score = Math.round(highest - (highest * scaledValue(asked)) / memoryBytes);
  return Math.min(Math.max(score, 2), highest - 1);
}
