import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';

/** `GET /openapi.json` and the page that shows it, both made from the routes' schemas. */
export async function documentation(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'ML job mesh, predictions', version: '1' } },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  const schema = { summary: 'This description', tags: ['interface'], response: answers({ 200: Type.Object({}) }) };
  app.get('/openapi.json', { schema }, async () => app.swagger());
}
