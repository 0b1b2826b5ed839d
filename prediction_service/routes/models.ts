import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { ModelDescription } from '../model_store/model-description.ts';
import type { ServiceContext } from '../service-context.ts';

const Models = Type.Object({ models: Type.Array(ModelDescription, { description: 'By name.' }) });
export const ModelParams = Type.Object({ name: Type.String({ description: "The model's name, e.g. `mnist-cnn`." }) });

/** `GET /models` and `GET /models/{name}`: what can be predicted with. */
export function modelRoutes(app: FastifyInstance, { models, clients }: ServiceContext): void {
  const listSchema = {
    summary: 'What can be predicted with',
    description: 'Each model with the version that answers now.',
    tags: ['models'],
    response: answers({ 200: Models }, 'unauthorized', 'not_ready'),
  };
  app.get('/models', { schema: listSchema }, async (request) => {
    clients.identify(request);
    return { models: models.list() };
  });

  const schema = {
    summary: 'One model',
    tags: ['models'],
    params: ModelParams,
    response: answers({ 200: ModelDescription }, 'unauthorized', 'model_not_found', 'not_ready'),
  };
  app.get<{ Params: { name: string } }>('/models/:name', { schema }, async (request) => {
    clients.identify(request);
    return models.describe(request.params.name);
  });
}
