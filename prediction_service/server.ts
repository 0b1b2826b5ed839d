/**
 * The prediction backend, on port 5000: it serves the networks that were published in a folder.
 *
 *     MODEL_FOLDER=FOLDER node prediction_service/server.ts
 *
 * The environment gives the rest, as for the tiers: PORT, HOST, METRICS_PORT, LOG_LEVEL, DRAIN_MS, API_KEYS_FILE; and
 * DEFAULT_MODEL, the model that answers where none is named.
 */
import { logDestination, runService } from '@ml-job-mesh/http-service';
import { composeService } from './compose-service.ts';
import { readEnvironment } from './environment.ts';

try {
  const { logLevel, modelFolder, defaultModel, clients, ...environment } = readEnvironment();
  const logger = { level: logLevel, base: { service: 'prediction-service' }, stream: logDestination() };
  const service = await composeService({ modelFolder, defaultModel, clients, logger });
  await runService({ ...service, reason: 'the store of models has not been read yet' }, environment);
} catch (error) {
  process.stderr.write(`prediction service: ${(error as Error).message}\n`);
  process.exit(1);
}
