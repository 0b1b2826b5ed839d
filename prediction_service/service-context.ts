import type { Clients } from '@ml-job-mesh/http-service';
import type { ServedModels } from './serving/served-models.ts';

/** What the routes are given. */
export interface ServiceContext {
  models: ServedModels;
  clients: Clients;
}
