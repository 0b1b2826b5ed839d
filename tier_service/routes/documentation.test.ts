import { listErrors, listProxyErrors } from '@ml-job-mesh/http-service';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { freeTier } from '../../free_service/app/tier.ts';
import { premiumTier } from '../../premium_service/app/tier.ts';
import { listFailures } from '../state/failure.ts';
import { startTestTier } from '../testing/test-tier.ts';

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: Record<string, unknown>;
}

interface Operation {
  summary: string;
  parameters?: Parameter[];
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

// A type, not an interface: the validator takes objects of any key.
type Description = {
  info: { description: string };
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
};

describe.each([freeTier, premiumTier])('the description of the $name tier', (tier) => {
  async function read(): Promise<Description> {
    const { inject } = await startTestTier({ tier });
    return (await inject({ url: `/${tier.name}/openapi.json` })).json();
  }

  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(await read())).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('lists every call', async () => {
    const { paths } = await read();
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const { name } = tier;
    const expected = [
      `DELETE /${name}/jobs`,
      `DELETE /${name}/jobs/{id}`,
      `GET /${name}/events`,
      `GET /${name}/healthz`,
      `GET /${name}/jobs`,
      `GET /${name}/jobs/{id}`,
      `GET /${name}/jobs/{id}/events`,
      `GET /${name}/jobs/{id}/logs`,
      `GET /${name}/openapi.json`,
      `GET /${name}/queue`,
      `GET /${name}/readyz`,
      `POST /${name}`,
      `POST /img-classification/${name}`,
    ];
    expect(calls.sort()).toEqual(expected.sort());
  });

  test('says of every parameter whether it is needed and what it takes', async () => {
    const operations = Object.values((await read()).paths).flatMap((methods) => Object.values(methods));
    const parameters = operations.flatMap(({ parameters = [] }) => parameters);
    const needed = parameters.filter(({ required }) => required).map((parameter) => parameter.in);
    expect(new Set(needed)).toEqual(new Set(['path']));
    expect(parameters.filter(({ schema }) => 'default' in schema).map(({ required }) => required)).not.toContain(true);
    const limits = Object.fromEntries(parameters.map(({ name, schema }) => [name, [schema.pattern, schema.maxLength]]));
    expect(limits).toMatchObject({
      id: ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 63],
      cursor: ['^[A-Za-z0-9_-]+$', 300],
      'idempotency-key': ['^[!-~]+$', 255],
    });
  });

  test('gives every error as a problem, whose codes are all listed', async () => {
    const { tags, paths } = await read();
    const listed = tags.find(({ name }) => name === 'interface')!.description;
    const known = [...listErrors(), ...listProxyErrors()].map(({ code }) => code);
    const codes = [...listErrors('jobs'), ...listProxyErrors()].map(({ code }) => code);
    for (const code of [...codes, ...listFailures().map((failure) => failure.code)]) {
      expect(listed).toContain(`| \`${code}\` |`);
    }
    for (const { summary, responses } of Object.values(paths).flatMap((methods) => Object.values(methods))) {
      expect(summary).not.toBe('');
      const errors = Object.entries(responses).filter(([status]) => !/^[23]/.test(status));
      expect(errors.map(([status]) => status)).toContain('default');
      for (const [, { content }] of errors) {
        expect(content).toEqual({
          'application/problem+json': {
            schema: expect.objectContaining({
              required: ['type', 'title', 'status', 'detail', 'code'],
              properties: expect.objectContaining({ code: { enum: known } }),
            }),
          },
        });
      }
    }
  });
});
