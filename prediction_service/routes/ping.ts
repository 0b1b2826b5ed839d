import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';

const Alive = Type.Object({ status: Type.Literal('ok') });

/** `GET /ping`: alive, whatever there is to predict with. */
export function pingRoutes(app: FastifyInstance): void {
  const schema = { summary: 'Alive', tags: ['health'], response: answers({ 200: Alive }) };
  app.get('/ping', { schema, logLevel: 'warn', config: { takesAnyQuery: true } }, async () => ({ status: 'ok' }));
}
