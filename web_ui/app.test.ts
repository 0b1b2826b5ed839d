import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildPageApp } from './app.ts';

let folder: string;
let app: FastifyInstance;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'page-app-'));
  mkdirSync(path.join(folder, 'assets'));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(path.join(folder, 'assets', 'index-1a2b.js'), 'plain');
  writeFileSync(path.join(folder, 'assets', 'index-1a2b.js.br'), 'brotli');
  writeFileSync(path.join(folder, 'assets', 'index-1a2b.js.gz'), 'gzip');
  writeFileSync(path.join(folder, '.sources'), 'hash');
  app = buildPageApp({ folder });
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the page is asked for anew each time, and answers 304 while it is the same', async () => {
  const first = await app.inject('/');
  expect([first.statusCode, first.headers['cache-control'], first.body]).toEqual([200, 'no-cache', '<!doctype html>']);
  expect(first.headers['content-type']).toBe('text/html; charset=utf-8');
  const second = await app.inject({ url: '/', headers: { 'if-none-match': String(first.headers.etag) } });
  expect(second.statusCode).toBe(304);
});

test.each([
  ['br, gzip', 'brotli', 'br'],
  ['gzip', 'gzip', 'gzip'],
  ['identity', 'plain', undefined],
])('a script is kept for ever, and sent to who accepts %s as %s', async (accepted, body, encoding) => {
  const answer = await app.inject({ url: '/assets/index-1a2b.js', headers: { 'accept-encoding': accepted } });
  expect([answer.statusCode, answer.body, answer.headers['content-encoding']]).toEqual([200, body, encoding]);
  expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(answer.headers['content-type']).toMatch(/^(?:text|application)\/javascript; charset=utf-8$/);
});

test.each(['/assets/index-9z.js', '/.sources', '/../app.ts', '/assets/', '/models'])(
  'nothing but the files is served: %s is a problem 404',
  async (url) => {
    const answer = await app.inject(url);
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found']);
  },
);

test('it is alive', async () => {
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' });
});

test('a page that has not been built is an error that says how to build it', () => {
  expect(() => buildPageApp({ folder: path.join(folder, 'dist') })).toThrow('build it with `npm run page:build`');
});
