import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFolder } from '../local_cluster/install/cache.ts';
import { installPage, sharedSources } from '../local_cluster/install/page.ts';

const kilobytes = 150;
const quiet = { say: () => undefined, signal: new AbortController().signal };

let folder: string;
let built: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'page-test-'));
  built = (await installPage(quiet, path.join(folder, 'dist'))).value;
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const listAssets = (extension: string) =>
  readdirSync(path.join(built, 'assets')).filter((name) => name.endsWith(extension));

test('all script of the page together is under 150 kB, compressed with gzip', () => {
  const bytes = listAssets('.js').map((name) => compressedSize(`assets/${name}.gz`));
  expect(bytes.length).toBeGreaterThan(2);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(kilobytes * 1_000);
});

test('the decision says what each library costs', () => {
  const decision = readFileSync(path.join(projectFolder, 'docs/decisions/0011-the-page-and-its-libraries.md'), 'utf8');
  const chunks = { React: 'react', uPlot: 'curve', 'TanStack Query': 'query' };
  for (const [library, chunk] of Object.entries(chunks)) {
    const [, said] = new RegExp(`^\\| ${library} +\\| (\\d+) +\\|`, 'm').exec(decision)!;
    const name = listAssets('.js').find((asset) => asset.startsWith(`${chunk}-`))!;
    expect([library, Math.round(compressedSize(`assets/${name}.gz`) / 1_000)]).toEqual([library, Number(said)]);
  }
});

function compressedSize(name: string): number {
  return readFileSync(path.join(built, name)).length;
}

test('each script and style has its compressed copies beside it', () => {
  for (const name of [...listAssets('.js'), ...listAssets('.css')].map((asset) => path.join(built, 'assets', asset))) {
    const content = readFileSync(name, 'utf8');
    expect(gunzipSync(readFileSync(`${name}.gz`)).toString()).toBe(content);
    expect(brotliDecompressSync(readFileSync(`${name}.br`)).toString()).toBe(content);
  }
});

test('the page loads nothing from elsewhere, and has neither script nor style inside', () => {
  const page = readFileSync(path.join(built, 'index.html'), 'utf8');
  const addresses = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
  expect(addresses.filter((address) => !/^\/(?:assets\/|favicon\.svg$)/.test(address))).toEqual([]);
  expect(page).not.toMatch(/<script[^>]*>[^<]|<style|\sstyle=|\son\w+=/);
  const styles = listAssets('.css').map((name) => readFileSync(path.join(built, 'assets', name), 'utf8'));
  expect(styles.join('').match(/(?:url\(|@import )["']?(?!["']?\/assets\/)[^)]*/g) ?? []).toEqual([]);
});

test('a build reads no file of the project that would not cause another build', async () => {
  const { build } = await import('vite');
  const configFile = path.join(import.meta.dirname, 'vite.config.ts');
  const output = await build({ configFile, build: { write: false }, logLevel: 'silent' });
  const chunks = [output].flat().flatMap((bundle) => ('output' in bundle ? bundle.output : []));
  const modules = chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  const read = modules
    .map((id) => path.relative(projectFolder, id.replace(/[?\0].*$/, '')))
    .filter((file) => existsSync(path.join(projectFolder, file)) && !file.includes('node_modules') && file !== '');
  expect(read).toContain('web_ui/src/main.tsx');
  const unknown = read.filter((file) => !file.startsWith('web_ui/src/') && !sharedSources.includes(file));
  expect(unknown.filter((file) => file !== 'web_ui/index.html')).toEqual([]);
}, 60_000);

test('what the settings of the compiler are taken from would cause another build too', () => {
  const settings = readFileSync(path.join(import.meta.dirname, 'tsconfig.json'), 'utf8');
  const extended = path.join(import.meta.dirname, JSON.parse(settings).extends);
  expect(sharedSources).toContain(path.relative(projectFolder, extended));
});

test('a page that has been built from the same sources is only found', async () => {
  const before = readdirSync(path.join(built, 'assets'));
  expect(await installPage(quiet, built)).toEqual({ value: built, done: undefined });
  expect(readdirSync(path.join(built, 'assets'))).toEqual(before);
});
