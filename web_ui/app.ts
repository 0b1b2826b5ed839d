// Serves the built page: `/` asked for anew each time, what is under `/assets` kept for ever, since its names change
// with its content.
import { existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import { problem, serverOptions, useProblems } from '@ml-job-mesh/http-service';
import { type FastifyError, type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';

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
  const index = path.join(folder, 'index.html');
  if (!existsSync(index)) throw new Error(`the page is not in ${folder}: build it with \`npm run page:build\``);
  const app = fastify({ ...serverOptions, logger } as FastifyServerOptions);
  useProblems(app);
  app.get('/healthz', { logLevel: 'warn' }, async () => ({ status: 'ok' }));
  app.register(async (files) => {
    files.addHook('preHandler', () => requirePage(index));
    files.setErrorHandler<FastifyError>((error, _request, reply) => {
      // A path in an odd spelling, as with `..` or `//`: it names none of the files.
      if (error.statusCode === 403) return reply.callNotFound();
      throw error;
    });
    // Files are looked for at each request: a build replaces the folder while the page is served.
    files.register(fastifyStatic, {
      root: folder,
      dotfiles: 'ignore',
      allowedPath: (name) => !/\.(?:br|gz)$/.test(name),
      preCompressed: true,
      cacheControl: false,
      setHeaders(reply, file) {
        const isAsset = path.relative(folder, file).startsWith(`assets${path.sep}`);
        reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  });
  return app;
}

/** @throws ServiceError while the page is away, which it is for a moment when a build replaces it */
async function requirePage(index: string): Promise<void> {
  try {
    await access(index);
  } catch (cause) {
    throw problem('not_ready', 'the page is being replaced, or has been removed', { retryAfterSeconds: 2, cause });
  }
}
