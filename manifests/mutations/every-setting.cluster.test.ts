// No kind of setting of the manifests is without a test that misses it, or a reason.
import { readFileSync } from 'node:fs';
import type { KubernetesObject } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { findSettings } from '../../web_tier/mutations/mutation.ts';
import { checks, exceptions } from './elsewhere.ts';
import { allObjects } from './objects.ts';
import { isAbout, rows } from './rows.ts';

const objects = await allObjects();

/** What kinds of settings are at or below a value, without indexes. */
function kindsBelow(value: unknown, kind: string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [kind.join('.')];
  if (Array.isArray(value)) return value.flatMap((item) => kindsBelow(item, kind));
  return Object.entries(value).flatMap(([key, below]) => kindsBelow(below, [...kind, key]));
}

const kindsOf = (object: KubernetesObject) => kindsBelow(object).map((kind) => `${object.kind}: ${kind}`);

/** The kinds of settings that a row leaves out of an object; what else there is of a kind is like it. */
function kindsInRows(object: KubernetesObject): string[] {
  const about = rows.filter((row) => isAbout(row, object));
  return about.flatMap(({ paths }) => {
    const left = structuredClone(object);
    for (const path of paths) for (const { parent, key } of findSettings(left, path)) parent[key] = { leftOut: 0 };
    const kept = kindsOf(left);
    const count = (kinds: string[], kind: string) => kinds.filter((each) => each === kind).length;
    const before = kindsOf(object);
    return before.filter((kind) => count(kept, kind) < count(before, kind));
  });
}

test('each setting of the manifests is missed by a test, or there is a reason why not', () => {
  const inRows = new Set(objects.flatMap(kindsInRows));
  const kinds = [...new Set(objects.flatMap(kindsOf))].filter((kind) => !inRows.has(kind));
  const used = new Set<RegExp>();
  const unexplained = kinds.filter((kind) => {
    const pattern = [...checks, ...exceptions].map(([each]) => each).find((each) => each.test(kind));
    if (pattern) used.add(pattern);
    return !pattern;
  });
  expect(unexplained).toEqual([]);
  const idle = [...checks, ...exceptions].filter(([pattern]) => !used.has(pattern));
  expect(idle.map(([pattern]) => `${pattern} is for nothing`)).toEqual([]);
});

test('the tests that are named are there', () => {
  const root = new URL('../../', import.meta.url);
  const missing = checks.filter(([, check]) => !readFileSync(new URL(check.in, root), 'utf8').includes(check.test));
  expect(missing.map(([, check]) => check)).toEqual([]);
});
