// Whether the mesh does what its OpenAPI documents say, and nothing else: for requests that they allow, that they forbid,
// and that nobody would think of.
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { askJson, clearJobs, front } from '../mesh.ts';
import { installSchemathesis, runSchemathesis } from './schemathesis.ts';

beforeEach(clearJobs);

test.each(['/free/openapi.json', '/premium/openapi.json', '/openapi.json'])(
  'schemathesis finds nothing that %s does not say',
  async (document) => {
    onTestFinished(clearJobs);
    const { paths } = await askJson<{ paths: Record<string, object> }>(document);
    const found = await runSchemathesis(await installSchemathesis(), front, document);
    expect(found.exitCode, found.report).toBe(0);
    const calls = Object.values(paths).flatMap((path) => Object.keys(path)).length;
    // The call that gives the document need not be one of them.
    expect([calls - 1, calls]).toContain(found.operations);
    expect(found.requests).toBeGreaterThan(200);
  },
  600_000,
);
