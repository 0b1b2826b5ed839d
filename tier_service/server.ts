import { setTimeout } from 'node:timers/promises';
import { createLogStream, startInternalServer } from '@ml-job-mesh/http-service';
import closeWithGrace from 'close-with-grace';
import { composeTier } from './compose-tier.ts';
import { readEnvironment } from './environment.ts';
import type { Tier } from './tier.ts';

/**
 * Starts a tier on this host, against the cluster that the kubeconfig or the pod's account names, and stops it when
 * the process is told to.
 */
export async function startTierService(tier: Tier): Promise<void> {
  const { host, port, metricsPort, logLevel, drainMs, ...limits } = readEnvironment();
  const logger = { level: logLevel, base: { service: `${tier.name}-tier` }, stream: createLogStream() };
  const running = await composeTier({ tier, logger, ...limits });
  const { app, metrics, hasSynced } = running;
  const internal = await startInternalServer({ host, port: metricsPort, metrics, isReady: hasSynced });
  await app.listen({ host, port });

  closeWithGrace({ delay: 15_000 + drainMs, logger: app.log }, async () => {
    // Requests still arrive until the proxy in front has noticed; they are answered.
    await setTimeout(drainMs);
    await running.stop();
    internal.close();
  });
}
