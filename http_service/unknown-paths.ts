import type { FastifyInstance } from 'fastify';
import { problem } from './errors.ts';

/**
 * Answers what no route takes: 405 where the path takes another method, 404 otherwise. A route of many paths that finds
 * nothing at one of them, as one for files does, is answered 404 too.
 */
export function answerUnknownPaths(app: FastifyInstance): void {
  const known: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/:[^/]+/g, '[^/]+').replace('*', '.*')}/?$`);
    known.push({ pattern, methods: [method].flat() });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!;
    const shown = path.slice(0, 200);
    const methods = [...new Set(known.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods))];
    if (methods.length === 0 || methods.includes(request.method))
      throw problem('not_found', `nothing is served at ${shown}`);
    reply.header('allow', methods.join(', '));
    throw problem('method_not_allowed', `${shown} takes ${methods.join(', ')}, not ${request.method}`);
  });
}
