import { logDestination, runService } from '@ml-job-mesh/http-service';
import { composeTier } from './compose-tier.ts';
import { readEnvironment } from './environment.ts';
import type { Tier } from './tier.ts';

/**
 * Starts a tier on this host, against the cluster that the kubeconfig or the pod's account names, and stops it when
 * the process is told to.
 */
export async function startTierService(tier: Tier): Promise<void> {
  const { host, port, metricsPort, logLevel, drainMs, ...limits } = readEnvironment();
  const logger = { level: logLevel, base: { service: `${tier.name}-tier` }, stream: logDestination() };
  const running = await composeTier({ tier, logger, ...limits });
  await runService({ ...running, isReady: running.hasSynced }, { host, port, metricsPort, drainMs });
}
