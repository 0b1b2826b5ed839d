import { setTimeout } from 'node:timers/promises';
import { startInternalServer } from '@ml-job-mesh/http-service';
import closeWithGrace from 'close-with-grace';
import pino from 'pino';
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

/**
 * Standard output. A system call for each line would be a part of many small requests that shows, so the lines of a
 * moment are written together; a reader that stands still costs lines, not memory.
 */
function logDestination() {
  return pino.destination({ sync: false, minLength: 4_096, periodicFlush: 50, maxLength: 16 * 1_024 * 1_024 });
}
