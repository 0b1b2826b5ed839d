import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Job } from '../../tier_service/state/kubernetes-objects.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { type Service, type ServiceOptions, startTier } from './services.ts';

const template = new URL('sleeping-job-template.yaml', import.meta.url);

/** A Job that sleeps for so long in the place of a tier's training; otherwise as the tier wants it. */
export function sleepingJob(tier: 'free' | 'premium', seconds: number): Job {
  const text = readFileSync(template, 'utf8').replaceAll('ml-job-mesh.io/tier: free', `ml-job-mesh.io/tier: ${tier}`);
  const job = parse(text) as Job;
  const container = job.spec!.template.spec!.containers[0]!;
  container.command = ['sleep', String(seconds)];
  container.env!.find(({ name }) => name === 'TYPE')!.value = tier === 'free' ? 'ff' : 'cnn';
  return job;
}

/** Starts a tier whose jobs sleep; it ends with the stack. */
export function startSleepingTier(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  tier: 'free' | 'premium',
  { jobSeconds, ...options }: ServiceOptions & { jobSeconds: number },
): Promise<Service> {
  const file = join(cluster.folder, `${tier}-sleeping-job.yaml`);
  writeFileSync(file, stringify(sleepingJob(tier, jobSeconds)));
  return startTier(stack, cluster, tier, { ...options, entry: ['bench/setup/sleeping-tier.ts', tier, file] });
}
