/**
 * The prediction backend, on port 5000: it serves the networks that were published in a folder.
 *
 *     MODEL_FOLDER=FOLDER node prediction_service/server.ts
 *
 * The environment gives the rest, as for the tiers: PORT, HOST, METRICS_PORT, LOG_LEVEL, DRAIN_MS, API_KEYS_FILE.
 */
import { setTimeout } from 'node:timers/promises';
import { startInternalServer } from '@ml-job-mesh/http-service';
import closeWithGrace from 'close-with-grace';
import { composeService } from './compose-service.ts';
import { readEnvironment } from './environment.ts';

async function start(): Promise<void> {
  const { host, port, metricsPort, logLevel, drainMs, ...options } = readEnvironment();
  const logger = { level: logLevel, base: { service: 'prediction-service' } };
  const { app, metrics, models, stop } = await composeService({ logger, ...options });
  const internal = await startInternalServer({ host, port: metricsPort, metrics, isReady: models.isReady });
  await app.listen({ host, port });

  closeWithGrace({ delay: 15_000 + drainMs, logger: app.log }, async () => {
    // Requests still arrive until the proxy in front has noticed; they are answered.
    await setTimeout(drainMs);
    await stop();
    internal.close();
  });
}

try {
  await start();
} catch (error) {
  process.stderr.write(`prediction service: ${(error as Error).message}\n`);
  process.exit(1);
}
