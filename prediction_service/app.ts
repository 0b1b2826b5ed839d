import {
  describeInvalidQuery,
  problem,
  refuseUnknownQueries,
  serverOptions,
  useProblems,
} from '@ml-job-mesh/http-service';
import { type FastifyInstance, type FastifyRequest, type FastifyServerOptions, fastify } from 'fastify';
import { limits } from './limits.ts';
import { readBody } from './request/read-body.ts';
import { documentation } from './routes/documentation.ts';
import { modelRoutes } from './routes/models.ts';
import { pingRoutes } from './routes/ping.ts';
import { predictRoutes } from './routes/predict.ts';
import type { ServiceContext } from './service-context.ts';
import type { Load } from './serving/load.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body as the documentation shows it. */
    documentedBody?: object;
  }
  interface FastifyRequest {
    /** The media type that the body was sent as; empty if it was not said. */
    label: string;
  }
}

const ownOptions = {
  bodyLimit: limits.bodyBytes,
  requestTimeout: limits.uploadSeconds * 1_000,
  // Longer, so that whoever sends nothing any more is still told why it ends.
  connectionTimeout: limits.uploadSeconds * 1_000 + 10_000,
  // What is not allowed is refused; Fastify would drop it.
  ajv: { customOptions: { removeAdditional: false } },
  // A name that no model can have names no model.
  schemaErrorFormatter: (errors, part) =>
    part === 'params'
      ? problem('model_not_found', 'there is no model of this name')
      : describeInvalidQuery(errors, part),
} satisfies FastifyServerOptions;

/** The app without its interface: what goes wrong before that is there can be logged already. */
export function createApp(options: FastifyServerOptions = {}): FastifyInstance {
  return fastify({ ...serverOptions, ...ownOptions, ...options } as FastifyServerOptions) as FastifyInstance;
}

/** Adds the HTTP interface to its app; it does no I/O of its own. */
export async function addInterface(app: FastifyInstance, context: ServiceContext, load: Load): Promise<void> {
  app.setSerializerCompiler(() => JSON.stringify);
  useProblems(app);
  refuseUnknownQueries(app);
  readEveryBody(app, load);
  await documentation(app);
  await app.register(async (routes) => {
    for (const addRoutes of [predictRoutes, modelRoutes, pingRoutes]) addRoutes(routes, context);
  });
}

/** Whatever a body is labelled as, it reaches the route as bytes: there it is read for what it is. */
function readEveryBody(app: FastifyInstance, load: Load): void {
  app.decorateRequest('label', '');
  // Fastify refuses a label that is no media type before any parser is asked.
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    request.label = headers['content-type'] ?? '';
    headers['content-type'] = 'application/octet-stream';
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest) => readBody(request.raw, load));
}
