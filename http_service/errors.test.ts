import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { listErrors, listProxyErrors } from './errors.ts';

const projectFolder = path.resolve(import.meta.dirname, '..');
const proxyFiles = ['web_tier/web_tier_envoy.yaml', ...globSync('*_service/*_envoy.yaml', { cwd: projectFolder })];

/** Every code in the sources of what answers clients. */
function codesInSources(): string[] {
  const files = globSync('{http_service,tier_service,grader_interface,prediction_service}/**/*.ts', {
    cwd: projectFolder,
    exclude: ['**/node_modules/**', '**/*.test.ts', '**/testing/**'],
  });
  const text = files.map((file) => readFileSync(path.join(projectFolder, file), 'utf8')).join('\n');
  return [...text.matchAll(/\b(?:problem|ServiceError)\(\s*'(\w+)'/g)].map(([, code]) => code!);
}

interface LocalReply {
  code: string;
  status: number | undefined;
  title: string;
}

interface StatusFilter {
  status_code_filter?: { comparison: { op: string; value: { default_value: number } } };
}

/** Every answer that an Envoy makes by itself, anywhere in its file. */
function localReplies(node: unknown): LocalReply[] {
  if (typeof node !== 'object' || node === null) return [];
  const { filter, body_format_override: format } = node as {
    filter?: StatusFilter & { and_filter?: { filters: StatusFilter[] } };
    body_format_override?: { json_format: { code: string; title: string } };
  };
  if (!filter || !format) return Object.values(node).flatMap(localReplies);
  const { comparison } = [filter, ...(filter.and_filter?.filters ?? [])].flatMap(
    (each) => each.status_code_filter ?? [],
  )[0]!;
  const { op, value } = comparison;
  const { code, title } = format.json_format;
  return [{ code, status: op === 'EQ' ? value.default_value : undefined, title }];
}

test('every code that a service answers with is listed, and no other', () => {
  const listed = listErrors().map(({ code }) => code);
  expect([...new Set(codesInSources())].sort()).toEqual(listed.sort());
});

test.each(proxyFiles)('every answer that %s makes by itself is listed, with its status and title', (file) => {
  const replies = localReplies(parse(readFileSync(path.join(projectFolder, file), 'utf8')));
  const listed = [...listErrors(), ...listProxyErrors()];
  for (const reply of replies) expect(listed).toContainEqual(reply);
  expect(replies).toEqual(expect.arrayContaining(listProxyErrors()));
});

test('the README lists the same codes, each at its status', () => {
  const readme = readFileSync(path.join(projectFolder, 'README.md'), 'utf8');
  const [, table] = /\| status \| codes +\|\n\| -[- |]*\n((?:\|.*\n)+)/.exec(readme)!;
  const rows = [...table!.matchAll(/^\| (\d{3}|others) *\| (.*)\|$/gm)].flatMap(([, status, codes]) =>
    [...codes!.matchAll(/`(\w+)`/g)].map(([, code]) => `${status} ${code}`),
  );
  const listed = [...listErrors(), ...listProxyErrors()].map(({ code, status = 'others' }) => `${status} ${code}`);
  expect(rows.sort()).toEqual(listed.sort());
});
