import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { answers, describeErrorCodes, keySecurity, pageOptions } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';

const title = 'ML job mesh, predictions';

/** `GET /openapi.json` and the page that shows it at `/docs`, both made from the routes' schemas. */
export async function documentation(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        version: '1',
        description:
          'Trained networks say what is on an image. Errors are `application/problem+json` (RFC 9457). Every `code` is listed below the calls, under "interface".',
      },
      tags: [
        { name: 'predictions' },
        { name: 'models' },
        { name: 'health' },
        { name: 'interface', description: describeErrorCodes('predictions').join('\n\n') },
      ],
      ...keySecurity,
    },
    transform: ({ schema, url, route }) => {
      const body = route.config?.documentedBody;
      return { schema: body ? { ...schema, body } : schema, url };
    },
  });
  await app.register(swaggerUi, pageOptions(title, '/docs'));
  const schema = { summary: 'This description', tags: ['interface'], response: answers({ 200: Type.Object({}) }) };
  app.get('/openapi.json', { schema }, async () => app.swagger());
}
