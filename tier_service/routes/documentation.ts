import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { answers, describeErrorCodes, keySecurity, markdownTable, pageOptions } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { listFailures } from '../state/failure.ts';
import { listWaitingReasons } from '../state/waiting.ts';
import type { Tier } from '../tier.ts';

/** `GET /{tier}/openapi.json` and the page that shows it, both made from the routes' schemas. */
export async function documentation(app: FastifyInstance, { tier }: { tier: Tier }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: `ML job mesh, ${tier.name} tier`, version: '1', description: describe(tier) },
      tags: [
        { name: 'jobs' },
        { name: 'queue' },
        { name: 'health' },
        { name: 'interface', description: describeCodes() },
      ],
      ...keySecurity,
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
  await app.register(swaggerUi, pageOptions(`ML job mesh, ${tier.name} tier`, `/${tier.name}/docs`));
  const schema = { summary: 'This description', tags: ['interface'], response: answers({ 200: Type.Object({}) }) };
  app.get(`/${tier.name}/openapi.json`, { schema }, async () => app.swagger());
}

function describe({ name, model }: Tier): string {
  return [
    `Image-classification jobs of the ${name} tier (${model === 'ff' ? 'feed-forward' : 'convolutional'} network).`,
    'Errors are `application/problem+json` (RFC 9457). Every `code` is listed below the calls, under "interface".',
  ].join('\n\n');
}

/** Every code that an answer may carry. It stands below the calls, which is what most readers come for. */
function describeCodes(): string {
  return [
    ...describeErrorCodes('jobs'),
    'A job that waits says why in its `waiting_reason`, and so does the queue:',
    markdownTable(
      ['code', 'meaning'],
      listWaitingReasons().map(({ code, meaning }) => [`\`${code}\``, meaning]),
    ),
    'A job that failed says why in its `error`:',
    markdownTable(
      ['code', 'meaning'],
      listFailures().map(({ code, meaning }) => [`\`${code}\``, meaning]),
    ),
  ].join('\n\n');
}
