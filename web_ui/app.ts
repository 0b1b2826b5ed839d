// Serves the built page: `/` asked for anew each time, what is under `/assets` kept for ever, since its names change
// with its content.
import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import { serverOptions, useProblems } from '@ml-job-mesh/http-service';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';

export interface PageAppOptions {
  /** The folder that `build.ts` filled. */
  folder: string;
  logger?: FastifyServerOptions['logger'];
}

/**
 * Builds the app; the one who calls it lets it listen.
 * @throws Error where the page has not been built
 */
export function buildPageApp({ folder, logger = false }: PageAppOptions): FastifyInstance {
  if (!existsSync(path.join(folder, 'index.html')))
    throw new Error(`the page is not in ${folder}: build it with \`npm run page:build\``);
  const app = fastify({ ...serverOptions, logger } as FastifyServerOptions);
  useProblems(app);
  app.get('/healthz', { logLevel: 'warn' }, async () => ({ status: 'ok' }));
  app.register(fastifyStatic, {
    root: folder,
    // A route for each file, so that nothing but these can be asked for.
    wildcard: false,
    globIgnore: ['**/*.br', '**/*.gz'],
    preCompressed: true,
    cacheControl: false,
    setHeaders(reply, file) {
      const isAsset = path.relative(folder, file).startsWith(`assets${path.sep}`);
      reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  return app;
}
