import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
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

test.each([
  '/assets/index-9z.js',
  '/assets/index-1a2b.js.br',
  '/assets/index-1a2b.js.gz',
  '/.sources',
  '/%2esources',
  '/../app.ts',
  '/assets',
  '/assets/',
  '/models',
])('nothing but the files is served: %s is a problem 404, whatever compression is accepted', async (url) => {
  for (const accepted of ['br, gzip', 'identity']) {
    const answer = await app.inject({ url, headers: { 'accept-encoding': accepted } });
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found']);
    expect(answer.headers).not.toHaveProperty('cache-control');
  }
});

test('a path in an odd spelling, even one that leads out of the folder, is a problem 404', async () => {
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  // Asked for with Node itself, which sends the path unchanged.
  const askFor = async (path: string) => {
    const [answer] = (await once(http.get({ port, path }), 'response')) as [http.IncomingMessage];
    return [path, answer.statusCode, ((await json(answer)) as { code: string }).code];
  };
  for (const odd of ['/../app.ts', '/assets/../../app.ts', '/assets/..%2f..%2fapp.ts', '/%2e%2e/app.ts', '//', '/%00'])
    expect(await askFor(odd)).toEqual([odd, 404, 'not_found']);
});

test('files are only read: another method is a problem 405', async () => {
  const answer = await app.inject({ method: 'POST', url: '/' });
  expect([answer.statusCode, answer.json().code, answer.headers.allow]).toEqual([
    405,
    'method_not_allowed',
    'HEAD, GET',
  ]);
});

test('a page that is built anew while it is served is served anew, and says 503 while it is away', async () => {
  await app.ready();
  const next = mkdtempSync(path.join(tmpdir(), 'page-app-next-'));
  mkdirSync(path.join(next, 'assets'));
  writeFileSync(path.join(next, 'index.html'), '<!doctype html><title>new</title>');
  writeFileSync(path.join(next, 'assets', 'index-3c4d.js'), 'new');
  const states = async () => {
    const answers = await Promise.all(
      ['/', '/assets/index-1a2b.js', '/assets/index-3c4d.js'].map((url) => app.inject(url)),
    );
    return answers.map((answer) => [answer.statusCode, answer.headers['retry-after']]);
  };
  const [there, missing, away] = [
    [200, undefined],
    [404, undefined],
    [503, '2'],
  ];
  expect(await states()).toEqual([there, there, missing]);
  rmSync(folder, { recursive: true });
  expect(await states()).toEqual([away, away, away]);
  renameSync(next, folder);
  expect(await states()).toEqual([there, missing, there]);
  expect((await app.inject('/')).body).toBe('<!doctype html><title>new</title>');
});

test('it is alive', async () => {
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' });
});

test('a page that has not been built is an error that says how to build it', () => {
  expect(() => buildPageApp({ folder: path.join(folder, 'dist') })).toThrow('build it with `npm run page:build`');
});
