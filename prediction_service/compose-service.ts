// How the service is put together. The service and the tests' harness both come here, so that what is tested is what runs.
import { type Clients, createMetrics } from '@ml-job-mesh/http-service';
import type { FastifyServerOptions } from 'fastify';
import { addInterface, createApp } from './app.ts';
import { createHistory } from './model_store/history.ts';
import { startServedModels } from './serving/served-models.ts';

export interface ComposeServiceOptions {
  modelFolder: string;
  defaultModel: string;
  clients: Clients;
  logger?: FastifyServerOptions['logger'];
  /** How long after one look at the store the next follows. */
  pollMs?: number;
}

/** Starts everything that the service does, but for listening. It does not wait for models: it answers 503 until there is one. */
export async function composeService({ modelFolder, logger, clients, ...options }: ComposeServiceOptions) {
  const app = createApp({ logger: logger ?? false });
  const metrics = createMetrics('prediction-service');
  const models = startServedModels({
    store: modelFolder,
    ...options,
    onFault: (message, about) => app.log.warn(about, message),
    onServed: ({ name, version, sha256 }) => app.log.info({ model: name, version, sha256 }, 'a model is served'),
  });
  metrics.measure(app);
  await addInterface(app, { models, clients, tellHistory: createHistory(modelFolder) });
  return {
    app,
    metrics,
    models,
    /** Finishes the requests that are being answered, and stops all that runs. */
    async stop(): Promise<void> {
      await app.close();
      await models.stop();
    },
  };
}
