/**
 * The page's server, on port 3000 of its pod. Settings come from the environment, as for the other services: PORT, HOST,
 * METRICS_PORT, LOG_LEVEL, DRAIN_MS.
 *
 *     node web_ui/server.ts
 */
import path from 'node:path';
import { createMetrics, logDestination, readServiceEnvironment, runService } from '@ml-job-mesh/http-service';
import { buildPageApp } from './app.ts';

try {
  const { logLevel, ...environment } = readServiceEnvironment();
  const folder = path.join(import.meta.dirname, 'dist');
  const logger = { level: logLevel, base: { service: 'web-ui' }, stream: logDestination() };
  const app = buildPageApp({ folder, logger });
  const metrics = createMetrics('web-ui');
  metrics.measure(app);
  await runService({ app, metrics, isReady: () => true, stop: () => app.close() }, environment);
} catch (error) {
  process.stderr.write(`page: ${(error as Error).message}\n`);
  process.exit(1);
}
