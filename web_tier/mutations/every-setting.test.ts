// No kind of setting of an Envoy file is without a test that misses it, or what it is a part of, or a reason.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { exceptions } from './exceptions.ts';
import { findSettings } from './mutation.ts';
import { rows } from './rows.ts';

const files = {
  'web_tier_envoy.yaml': new URL('../web_tier_envoy.yaml', import.meta.url),
  'free_tier_envoy.yaml': new URL('../../free_service/free_tier_envoy.yaml', import.meta.url),
};
const everywhere = ['static_resources', 'filter_chains', 'filters', 'typed_config'];

/** What kinds of settings are at or below a value, without indexes and what all have in common. */
function kindsBelow(value: unknown, kind: string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [kind.join('.')];
  if (Array.isArray(value)) return value.flatMap((item) => kindsBelow(item, kind));
  const entries = Object.entries(value);
  return entries.flatMap(([key, below]) => kindsBelow(below, everywhere.includes(key) ? kind : [...kind, key]));
}

/** The same of what the rows for a file change: they leave the rest of a kind alone, which is like it. */
function kindsInRows(file: string, bootstrap: unknown): Set<string> {
  const changed = structuredClone(bootstrap);
  const before = kindsBelow(changed);
  for (const { paths } of rows.filter((row) => row.file === file))
    for (const path of paths) for (const { parent, key } of findSettings(changed, path)) parent[key] = { changed: 0 };
  const after = kindsBelow(changed);
  const count = (kinds: string[], kind: string) => kinds.filter((each) => each === kind).length;
  return new Set(before.filter((kind) => count(after, kind) < count(before, kind)));
}

test('each setting of the Envoy files is missed by a test, or there is a reason why not', () => {
  const unexplained: string[] = [];
  const used = new Set<RegExp>();
  // What the sidecars have of the front's, they have behind it: it is seen there, where clients are.
  const seen = new Set<string>();
  for (const [file, url] of Object.entries(files)) {
    const bootstrap = parse(readFileSync(url, 'utf8'));
    for (const kind of kindsInRows(file, bootstrap)) seen.add(kind);
    for (const kind of new Set(kindsBelow(bootstrap))) {
      if (seen.has(kind)) continue;
      const exception = exceptions.find(([pattern]) => pattern.test(kind));
      if (exception) used.add(exception[0]);
      else unexplained.push(`${file}: ${kind}`);
    }
  }
  expect(unexplained).toEqual([]);
  expect(exceptions.filter(([pattern]) => !used.has(pattern)).map(([pattern]) => `${pattern} is for nothing`)).toEqual(
    [],
  );
});
