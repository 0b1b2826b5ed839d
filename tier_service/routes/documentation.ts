import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { listErrors } from '../errors.ts';
import type { Tier } from '../tier.ts';

/** `GET /{tier}/openapi.json` and the page that shows it, both made from the routes' schemas. */
export async function documentation(app: FastifyInstance, { tier }: { tier: Tier }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: `ML job mesh, ${tier.name} tier`, version: '1', description: describe(tier) },
      tags: [{ name: 'jobs' }, { name: 'queue' }, { name: 'health' }],
      components: {
        securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'Only where API keys are on.' } },
      },
    },
    transform: ({ schema, url, route }) => {
      const body = (route.config as { documentedBody?: object } | undefined)?.documentedBody;
      return {
        schema: body
          ? { ...schema, body, consumes: ['application/json', 'application/x-www-form-urlencoded'] }
          : schema,
        url,
      };
    },
  });
  await app.register(swaggerUi, {
    routePrefix: `/${tier.name}/docs`,
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
  });
  app.get(`/${tier.name}/openapi.json`, { schema: { hide: true } }, async () => app.swagger());
}

function describe({ name, model }: Tier): string {
  const errors = listErrors().map(({ code, status, title }) => `| \`${code}\` | ${status} | ${title} |`);
  return [
    `Image-classification jobs of the ${name} tier (${model === 'ff' ? 'feed-forward' : 'convolutional'} network).`,
    'Errors are `application/problem+json` (RFC 9457) with one of these codes:',
    ['| code | status | meaning |', '| --- | --- | --- |', ...errors].join('\n'),
  ].join('\n\n');
}
