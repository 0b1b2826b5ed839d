import { answers, problem, ServiceError } from '@ml-job-mesh/http-service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Decoder, tooLong } from '../images/decode-queue.ts';
import { prepareFile } from '../images/prepare.ts';
import { previewOf } from '../images/preview.ts';
import { limits } from '../limits.ts';
import { type ImageOfCall, readImages } from '../request/read-images.ts';
import type { ServiceContext } from '../service-context.ts';
import type { BorrowedModel } from '../serving/served-models.ts';
import { bestClasses, type Prediction, Predictions } from '../views/prediction.ts';
import { describeBodies, predictionBody } from './documented-bodies.ts';
import { ModelParams } from './models.ts';

const PredictQuery = Type.Object({
  top: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000,
      description: 'How many classes of each image; if left out, all of a model with up to ten, otherwise 5.',
    }),
  ),
  preview: Type.Optional(Type.Boolean({ description: 'Whether to answer what the network was shown, too.' })),
});

type Query = Static<typeof PredictQuery>;
interface PredictRoute {
  Params: { name?: string };
  Querystring: Query;
  Body: Buffer | undefined;
}

/** `POST /predict` and `POST /predict/{name}`. */
export function predictRoutes(app: FastifyInstance, { models, decodes, clients }: ServiceContext): void {
  async function predict(request: FastifyRequest<PredictRoute>, reply: FastifyReply): Promise<Predictions> {
    using model = models.borrow(request.params.name);
    const { name, version } = model.description;
    const images = await readImages(request.body ?? Buffer.alloc(0), request.label, model.description);
    refuseLongWait(model);
    const decoder = decodes.forCall(endOf(reply));
    const predictions = await Promise.all(
      images.map(async (image, i) => {
        try {
          return await predictOne(image, model, decoder, request.query);
        } catch (error) {
          throw images.length > 1 ? ofImage(i + 1, error) : error;
        }
      }),
    );
    return { model: name, version, predictions };
  }

  async function predictOne(
    image: ImageOfCall,
    { description, predict }: BorrowedModel,
    decoder: Decoder,
    { top, preview }: Query,
  ): Promise<Static<typeof Prediction>> {
    const start = performance.now();
    const input = image instanceof Uint8Array ? image : await prepareFile(image, description, decoder);
    const classes = bestClasses(await predict(input), description.classes, top);
    const milliseconds = Math.round((performance.now() - start) * 100) / 100;
    return { classes, milliseconds, ...(preview && { input: await previewOf(input, description) }) };
  }

  function refuseLongWait(model: BorrowedModel): void {
    const waitMs = model.expectedWaitMs();
    if (waitMs > limits.waitMs) throw tooLong(waitMs);
  }

  const schema = {
    summary: 'What is on an image, or on several',
    description: describeBodies,
    tags: ['predictions'],
    querystring: PredictQuery,
    response: answers(
      { 200: Predictions },
      ...(['invalid_request', 'unauthorized', 'model_not_found', 'request_timeout', 'body_too_large'] as const),
      ...(['image_too_large', 'unsupported_image', 'unreadable_image', 'overloaded', 'not_ready'] as const),
    ),
  };
  const options = {
    config: { documentedBody: predictionBody },
    // Before the body is read, so that nobody sends megabytes in vain.
    onRequest: async (request: FastifyRequest<PredictRoute>) => {
      clients.identify(request);
      using model = models.borrow(request.params.name);
      refuseLongWait(model);
    },
  };
  app.post<PredictRoute>('/predict', { ...options, schema }, predict);
  app.post<PredictRoute>('/predict/:name', { ...options, schema: { ...schema, params: ModelParams } }, predict);
}

/** Aborted once a call has its answer, or its client has gone: what is still to do for it is in vain. */
function endOf(reply: FastifyReply): AbortSignal {
  const ended = new AbortController();
  reply.raw.once('close', () => ended.abort(problem('request_timeout', 'the client left before its answer')));
  return ended.signal;
}

/** Says which of several images a problem is about. */
function ofImage(number: number, error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error;
  const { code, message, retryAfterSeconds = 0, cause } = error;
  return problem(code, `image ${number}: ${message}`, { ...(retryAfterSeconds > 0 && { retryAfterSeconds }), cause });
}
