// `npm run pictures`: takes the pictures of docs/images/ again, from a mesh as a user has it. No test of its own: what is
// on them is tested beside it.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { projectFolder } from '../../local_cluster/install/cache.ts';
import {
  answerOf,
  type Browser,
  digits,
  draw,
  type OpenOptions,
  openPage,
  site,
  soon,
  startPageBrowser,
} from './page.ts';

const { front } = inject('mesh');
const folder = path.join(projectFolder, 'docs', 'images');

interface Picture extends OpenOptions {
  name: string;
  path: string;
  /** Brings the page to what the picture is to show. */
  prepare: (page: Page) => Promise<unknown>;
}

const drawSeven = async (page: Page) => {
  await answerOf(page, 'mnist-cnn').waitFor();
  await draw(page, digits[7]!);
  for (const model of ['mnist-cnn', 'mnist-ff'])
    await vi.waitFor(
      async () => expect(await answerOf(page, model).locator('.answer').textContent()).toBe('7'),
      10_000,
    );
};
const curvesDrawn = (page: Page) => answerOf(page, 'mnist-ff').locator('canvas').waitFor();

const pictures: Picture[] = [
  { name: 'classify', path: '/classify', prepare: drawSeven },
  { name: 'classify-dark', path: '/classify', theme: 'dark', prepare: drawSeven },
  { name: 'classify-phone', path: '/classify', window: 'phone', prepare: drawSeven },
  {
    name: 'classify-photo',
    path: '/classify?dataset=imagenet&sample=imagenet:0',
    prepare: (page) =>
      answerOf(page, 'imagenet-efficientnet-lite0')
        .getByText(/cat|tabby/i)
        .first()
        .waitFor(),
  },
  { name: 'models', path: '/models', prepare: curvesDrawn },
  { name: 'models-dark', path: '/models', theme: 'dark', prepare: curvesDrawn },
];

/** Jobs of both tiers, more free ones than there are places; gives the path of the first free one. */
async function startJobs(): Promise<string> {
  await Promise.all(['free', 'premium'].map((tier) => fetch(`${front}/${tier}/jobs?all=true`, { method: 'DELETE' })));
  const post = async (path: string, fields: object) => {
    const answer = await fetch(front + path, { method: 'POST', body: JSON.stringify(fields) });
    return ((await answer.json()) as { id: string }).id;
  };
  await post('/premium', { dataset: 'mnist', pretrained: true });
  const first = await post('/free', { dataset: 'mnist', epochs: 8 });
  for (const dataset of ['mnist', 'mnist', 'kmnist']) await post('/free', { dataset, epochs: 8 });
  return `/jobs/free/${first}`;
}

let browser: Browser;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  browser = await startPageBrowser();
});
afterAll(() => browser?.stop());

test.each(pictures)('$name', async ({ name, path: address, prepare, ...options }) => {
  const { page, faults } = await openPage(browser.context, address, options);
  await prepare(page);
  await take(page, name);
  expect(faults).toEqual([]);
});

// Last, since training slows the answers of the others.
test('jobs, while they learn', { timeout: 300_000 }, async () => {
  const address = await startJobs();
  for (const theme of ['light', 'dark'] as const) {
    const { page } = await openPage(browser.context, address, { theme });
    const said = page.getByText(/epoch [3-8] of 8/).first();
    await said.waitFor({ timeout: 240_000 });
    await take(page, theme === 'light' ? 'jobs' : 'jobs-dark', { moves: true });
    if (theme === 'dark') continue;
    await page.goto(`${site.origin}/#/cluster`);
    await page.getByRole('heading', { name: /^node-2/ }).waitFor();
    await take(page, 'cluster', { moves: true });
  }
});

/** Takes a picture of what the window shows, once it has come to rest, unless it always `moves`. */
async function take(page: Page, name: string, { moves = false } = {}): Promise<void> {
  await page.mouse.move(0, 0);
  // The last answer is there, and bars have moved to where they stay.
  const isAtRest = () => page.evaluate("document.getAnimations().length === 0 && document.fonts.status === 'loaded'");
  for (let before = ''; !moves; ) {
    const now = await page.content();
    if (now === before) break;
    before = now;
    await page.waitForTimeout(700);
  }
  await vi.waitFor(async () => expect(await isAtRest()).toBe(true), soon);
  // Few colours, so small files.
  const picture = sharp(await page.screenshot()).png({ palette: true, effort: 10 });
  await picture.toFile(path.join(folder, `${name}.png`));
}
