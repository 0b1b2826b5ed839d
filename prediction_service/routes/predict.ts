import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { readImages } from '../request/read-images.ts';
import type { ServiceContext } from '../service-context.ts';
import { bestClasses, Prediction } from '../views/prediction.ts';
import { ModelParams } from './models.ts';

const Predictions = Type.Object({
  model: Type.String(),
  version: Type.Integer({ description: 'The version of the model that all of the images were looked at by.' }),
  predictions: Type.Array(Prediction, { description: 'One for each image, in their order.' }),
});

const PredictQuery = Type.Object({
  top: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'How many classes; all of up to ten, otherwise 5.' }),
  ),
});

type PredictRequest = FastifyRequest<{
  Params: { name?: string };
  Querystring: Static<typeof PredictQuery>;
  Body: Buffer | undefined;
}>;

/** `POST /predict` and `POST /predict/{model}`. */
export function predictRoutes(app: FastifyInstance, { models, clients }: ServiceContext): void {
  async function predict(request: PredictRequest): Promise<Static<typeof Predictions>> {
    clients.identify(request);
    using model = models.borrow(request.params.name);
    const { description } = model;
    const images = await readImages(request.body ?? Buffer.alloc(0), request.label, description);
    const predictions = await Promise.all(
      images.map(async (prepare) => {
        const start = performance.now();
        const probabilities = await model.predict(await prepare());
        const classes = bestClasses(probabilities, description.classes, request.query.top);
        return { classes, milliseconds: Math.round((performance.now() - start) * 100) / 100 };
      }),
    );
    return { model: description.name, version: description.version, predictions };
  }

  const schema = {
    summary: 'What is on an image',
    tags: ['predictions'],
    querystring: PredictQuery,
    response: answers({ 200: Predictions }, 'invalid_request', 'unauthorized', 'body_too_large', 'not_ready'),
  };
  app.post('/predict', { schema }, predict);
  app.post('/predict/:name', { schema: { ...schema, params: ModelParams } }, predict);
}
