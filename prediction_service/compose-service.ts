// How the service is put together. The service and the tests' harness both come here, so that what is tested is what runs.
import { type Clients, createMetrics } from '@ml-job-mesh/http-service';
import type { FastifyServerOptions } from 'fastify';
import { addInterface, createApp } from './app.ts';
import { createDecodeQueue } from './images/decode-queue.ts';
import { createHistory } from './model_store/history.ts';
import { createPredictionMetrics } from './prediction-metrics.ts';
import { createLoad } from './serving/load.ts';
import { startServedModels } from './serving/served-models.ts';
import { shedLoad } from './serving/shed-load.ts';

export interface ComposeServiceOptions {
  /** The folder of the published models. */
  modelFolder: string;
  /** The model that answers where none is named. */
  defaultModel: string;
  clients: Clients;
  logger?: FastifyServerOptions['logger'];
  /** How long after one look at the store the next follows. */
  pollMs?: number;
  /** How many calls are answered at a time. */
  callsAtATime?: number;
  /** How many bytes the bodies of all calls may have together. */
  bytesAtATime?: number;
}

/** Starts everything that the service does, but for listening. It does not wait for models: it answers 503 until there is one. */
export async function composeService(options: ComposeServiceOptions) {
  const { modelFolder, defaultModel, clients, logger, pollMs, callsAtATime, bytesAtATime } = options;
  const app = createApp({ logger: logger ?? false });
  const metrics = createMetrics('prediction-service');
  const load = createLoad(callsAtATime, bytesAtATime);
  const decodes = createDecodeQueue();
  const own = createPredictionMetrics(metrics, { load, decodes });
  const models = startServedModels({
    store: modelFolder,
    ...{ defaultModel, pollMs },
    onFault: (message, about) => app.log.warn(about, message),
    onServed({ name: model, version, sha256 }) {
      own.model.set({ model }, version);
      app.log.info({ model, version, sha256 }, 'a model is served');
    },
    onBatch(model, images, milliseconds) {
      own.batchSize.observe({ model }, images);
      own.batchSeconds.observe({ model }, milliseconds / 1_000);
    },
  });
  metrics.measure(app);
  shedLoad(app, load);
  await addInterface(app, { models, tellHistory: createHistory(modelFolder), decodes, clients }, load);
  return {
    app,
    metrics,
    load,
    models,
    isReady: models.isReady,
    /** Finishes the calls that are being answered, and stops all that runs. */
    async stop(): Promise<void> {
      await app.close();
      await models.stop();
    },
  };
}
