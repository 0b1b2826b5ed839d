import type { Clients } from '@ml-job-mesh/http-service';
import type { DecodeQueue } from './images/decode-queue.ts';
import type { History } from './model_store/history.ts';
import type { ServedModels } from './serving/served-models.ts';

/** What the routes are given. */
export interface ServiceContext {
  models: ServedModels;
  decodes: DecodeQueue;
  /** The versions of a model, the one that is served and those before it. */
  tellHistory: History;
  clients: Clients;
}
