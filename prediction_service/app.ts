import { serverOptions, useProblems } from '@ml-job-mesh/http-service';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import { limits } from './limits.ts';
import { documentation } from './routes/documentation.ts';
import { modelRoutes } from './routes/models.ts';
import { pingRoutes } from './routes/ping.ts';
import { predictRoutes } from './routes/predict.ts';
import type { ServiceContext } from './service-context.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the body is labelled as; empty if it is not. */
    label: string;
  }
}

/** The app without its interface: what goes wrong before that is there can be logged already. */
export function createApp(options: FastifyServerOptions = {}): FastifyInstance {
  const ajv = { customOptions: { removeAdditional: false } } as const;
  const own = { bodyLimit: limits.bodyBytes, requestTimeout: limits.uploadSeconds * 1_000 };
  return fastify({ ...serverOptions, ...own, ajv, ...options } as FastifyServerOptions) as FastifyInstance;
}

/** Adds the HTTP interface to its app; it does no I/O of its own. */
export async function addInterface(app: FastifyInstance, context: ServiceContext): Promise<void> {
  app.setSerializerCompiler(() => JSON.stringify);
  useProblems(app);
  readEveryBody(app);
  await documentation(app);
  await app.register(async (routes) => {
    for (const addRoutes of [predictRoutes, modelRoutes, pingRoutes]) addRoutes(routes, context);
  });
}

/** Whatever a body is labelled as, it reaches the route as bytes: there it is read for what it is. */
function readEveryBody(app: FastifyInstance): void {
  app.decorateRequest('label', '');
  // Fastify refuses a label that is no media type before any parser is asked.
  app.addHook('onRequest', async (request) => {
    const { headers } = request.raw;
    request.label = headers['content-type'] ?? '';
    headers['content-type'] = 'application/octet-stream';
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}
