import { expect, test } from 'vitest';
import { oomScoreOf } from './oom-score.ts';

const container = (memory?: string) => ({ name: 'main', resources: memory ? { requests: { memory } } : {} });
const pod = (restartPolicy: string, priorityClassName?: string) => ({
  spec: { containers: [], restartPolicy, ...(priorityClassName && { priorityClassName }) },
});
const node = 8 * 1024 ** 3;

test.each([
  ["a job's container is killed before everything else", pod('Never'), container('4Gi'), 1000],
  ['then one of a service that asks for no memory', pod('Always'), container(), 999],
  ['then those that ask for little', pod('Always'), container('128Mi'), 984],
  ['before those that ask for much', pod('Always'), container('4Gi'), 500],
  ['and one that asks for all still before Kubernetes', pod('Always'), container('8Gi'), 2],
  ["the cluster's own pods are as safe as Kubernetes", pod('Always', 'system-node-critical'), container(), undefined],
] as const)('%s', (_, ofPod, ofContainer, score) => {
  expect(oomScoreOf(ofPod, ofContainer, node)).toBe(score);
});
