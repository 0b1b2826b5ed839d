import { answers, problem } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { ModelDescription } from '../model_store/model-description.ts';
import type { ServiceContext } from '../service-context.ts';
import { Model } from '../views/model.ts';

const Models = Type.Object({ models: Type.Array(ModelDescription, { description: 'By name.' }) });
export const ModelParams = Type.Object({
  name: Type.String({ description: "The model's name, e.g. `mnist-cnn`.", pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }),
});

const ModelQuery = Type.Object({
  version: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 999_999_999,
      description: 'What is told of; the one that answers now if left out.',
    }),
  ),
});

interface ModelRequest {
  Params: Static<typeof ModelParams>;
  Querystring: Static<typeof ModelQuery>;
}

/** `GET /models` and `GET /models/{name}`: what can be predicted with. */
export function modelRoutes(app: FastifyInstance, { models, clients, tellHistory }: ServiceContext): void {
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
    summary: 'One model, with its versions',
    tags: ['models'],
    params: ModelParams,
    querystring: ModelQuery,
    response: answers({ 200: Model }, 'invalid_request', 'unauthorized', 'model_not_found', 'not_ready'),
  };
  app.get<ModelRequest>('/models/:name', { schema }, async (request) => {
    clients.identify(request);
    const { name } = request.params;
    const history = await tellHistory(models.describe(name));
    const { version = history[0]!.version } = request.query;
    const described = history.find((one) => one.version === version);
    const versions = history.map(({ version, created_at, accuracy }) => ({ version, created_at, accuracy }));
    if (described) return { ...described, versions };
    const there = versions.map((one) => one.version).join(', ');
    throw problem('model_not_found', `there is no version ${version} of ${name}; there are ${there}`);
  });
}
