import { setTimeout } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { ServiceEnvironment } from './environment.ts';
import { startInternalServer } from './internal-server.ts';
import type { Metrics } from './metrics.ts';

export interface RunnableService {
  app: FastifyInstance;
  metrics: Metrics;
  /** Whether requests may be sent to it. */
  isReady: () => boolean;
  /** What the readiness probe is told while it is not ready. */
  reason?: string;
  /** Finishes the requests that are being answered, and stops all that runs. */
  stop: () => Promise<void>;
}

/** How long the requests that are being answered may take when the service is told to stop. */
const closeWithinMs = 15_000;
const closeIdleEveryMs = 50;

/**
 * Lets a service listen, with its internal server, and stops it when the process is told to.
 * @throws Error when a port is taken
 */
export async function runService(
  { app, metrics, isReady, reason, stop }: RunnableService,
  { host, port, metricsPort, drainMs }: Pick<ServiceEnvironment, 'host' | 'port' | 'metricsPort' | 'drainMs'>,
): Promise<void> {
  const internal = await startInternalServer({ host, port: metricsPort, metrics, isReady, reason });
  await app.listen({ host, port });

  closeWithGrace({ delay: closeWithinMs + drainMs, logger: app.log }, async () => {
    // Requests still arrive until the proxy in front has noticed; they are answered.
    await setTimeout(drainMs);
    // Node keeps a connection whose answer was on its way when the server closed for a next request, which never comes.
    const closing = setInterval(() => app.server.closeIdleConnections(), closeIdleEveryMs);
    await stop();
    clearInterval(closing);
    internal.close();
  });
}
