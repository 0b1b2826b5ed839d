/**
 * The page's server, on port 3000 of its pod. Settings come from the environment, as for the other services: PORT, HOST,
 * METRICS_PORT, LOG_LEVEL, DRAIN_MS.
 *
 *     node web_ui/server.ts
 */
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createMetrics, readServiceEnvironment, startInternalServer } from '@ml-job-mesh/http-service';
import closeWithGrace from 'close-with-grace';
import { buildPageApp } from './app.ts';

const closeWithinMs = 10_000;

try {
  await start();
} catch (error) {
  process.stderr.write(`page: ${(error as Error).message}\n`);
  process.exit(1);
}

async function start(): Promise<void> {
  const { host, port, metricsPort, logLevel, drainMs } = readServiceEnvironment();
  const folder = path.join(import.meta.dirname, 'dist');
  const app = buildPageApp({ folder, logger: { level: logLevel, base: { service: 'web-ui' } } });
  const metrics = createMetrics('web-ui');
  metrics.measure(app);
  const internal = await startInternalServer({ host, port: metricsPort, metrics, isReady: () => true });
  await app.listen({ host, port });

  closeWithGrace({ delay: closeWithinMs + drainMs, logger: app.log }, async () => {
    // Requests still arrive until the proxy in front has noticed; they are answered.
    await setTimeout(drainMs);
    await app.close();
    internal.close();
  });
}
