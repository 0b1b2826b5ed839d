// For everybody: in the dark, on a phone, without a mouse, without seeing, without motion, with API keys on, and while a
// service is away.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { noBrowser } from '../browser.ts';
import { cluster, post } from '../mesh.ts';
import { findAxeFaults } from './axe.ts';
import {
  answerOf,
  type Browser,
  digits,
  draw,
  fieldOf,
  openPage,
  site,
  soon,
  startPageBrowser,
  windows,
} from './page.ts';

const { front } = inject('mesh');

const states = [
  { path: '/classify', of: 'an empty field', ready: (page: Page) => answerOf(page, 'mnist-cnn').waitFor() },
  {
    path: '/classify?sample=mnist:7',
    of: 'answers',
    ready: (page: Page) => answerOf(page, 'mnist-cnn').getByText('sure').waitFor(),
  },
  { path: '/models', of: 'all models', ready: (page: Page) => answerOf(page, 'mnist-ff').waitFor() },
  { path: '/models/mnist-cnn', of: 'a model', ready: (page: Page) => page.getByRole('grid').waitFor() },
  { path: '/jobs', of: 'jobs', ready: (page: Page) => page.getByRole('row').nth(1).waitFor() },
  {
    path: '/jobs?dataset=mnist',
    of: 'a job',
    async ready(page: Page) {
      await page.getByRole('row').nth(1).click();
      await page.getByRole('log').waitFor();
    },
  },
  { path: '/cluster', of: 'the cluster', ready: (page: Page) => page.getByRole('meter').first().waitFor() },
  { path: '/nowhere', of: 'nothing', ready: (page: Page) => page.getByText('There is nothing here').waitFor() },
];
const themes = ['light', 'dark'] as const;
const sizes = Object.keys(windows) as (keyof typeof windows)[];
const cases = states.flatMap((state) =>
  themes.flatMap((theme) => sizes.map((window) => ({ ...state, theme, window }))),
);

describe.skipIf(noBrowser)(`for everybody${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startPageBrowser();
    // Something to list: a job that learns, and one that fails where its dataset is not there.
    for (const dataset of ['mnist', 'kmnist']) await post('/free', { dataset, epochs: 1 });
  });
  afterAll(() => browser?.stop());

  test.each(cases)(
    '$of, $theme, at the $window: axe finds nothing, and nothing is wider than the window',
    async (state) => {
      const { page, faults } = await openPage(browser.context, state.path, state);
      await state.ready(page);
      expect(await findAxeFaults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  test('the page runs under a policy that allows no script and no style but its own files', async () => {
    const answer = await fetch(`${front}/`);
    const policy = answer.headers.get('content-security-policy')!.split(/;\s*/);
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'"]));
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
  });

  test("the theme is the system's until one is chosen, which is kept", async () => {
    const { page } = await openPage(browser.context, '/classify', { theme: 'dark' });
    const background = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const [dark, light] = ['rgb(19, 19, 18)', 'rgb(247, 247, 245)'];
    const button = page.getByRole('button', { name: /^Theme:/ });
    await button.waitFor();
    expect(await background()).toBe(dark);
    await button.click();
    expect(await background()).toBe(light);
    await page.reload();
    expect(await background()).toBe(light);
    expect(await button.getAttribute('aria-label')).toBe('Theme: light. Change to dark');
    await button.click();
    await button.click();
    expect([await background(), await page.evaluate("localStorage.getItem('theme')")]).toEqual([dark, null]);
  });

  test('who wants no motion sees none', async () => {
    const { page } = await openPage(browser.context, '/classify');
    const bar = answerOf(page, 'mnist-cnn').locator('.bars i').first();
    const duration = () => bar.evaluate((element) => getComputedStyle(element).transitionDuration);
    await bar.waitFor({ state: 'attached' });
    expect(await duration()).toBe('0.16s');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await duration()).toBe('0s');
  });

  test('the keyboard alone goes from tab to tab and to the content', async () => {
    const { page } = await openPage(browser.context, '/classify');
    await answerOf(page, 'mnist-cnn').waitFor();
    const focused = () =>
      page.evaluate("document.activeElement.textContent || document.activeElement.getAttribute('aria-label')");
    const stops: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press('Tab');
      stops.push(await focused());
    }
    expect(stops).toEqual(['Skip to the content', 'Classify', expect.any(String)]);
    await page.getByRole('link', { name: 'Models', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/models$/);
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    expect(await page.title()).toBe('Models · ML job mesh');
  });

  test('what the networks say is read out once it has come to rest', async () => {
    const { page } = await openPage(browser.context, '/classify?sample=mnist:4');
    await vi.waitFor(async () => {
      const said = await page.getByRole('status').allTextContents();
      expect(said.join()).toMatch(/mnist-cnn: 4, .* sure; mnist-ff: 4, .* sure/);
    }, soon);
  });

  test('with API keys on, the page asks for one, keeps it for the tab, and goes on where it was', async () => {
    const { page, faults } = await openPage(browser.context, '/nowhere');
    await page.route('**/models', async (route) => {
      const key = (await route.request().headerValue('authorization')) ?? '';
      if (key === 'Bearer right-key') return route.continue();
      const problem = {
        type: 'about:blank',
        title: 'An API key is needed',
        status: 401,
        detail: 'send one',
        code: 'unauthorized',
      };
      await route.fulfill({ status: 401, contentType: 'application/problem+json', json: problem });
    });
    await page.goto(`${site.origin}/#/models`);
    const dialog = page.getByRole('dialog', { name: 'This mesh asks for an API key' });
    await dialog.waitFor();
    expect(await findAxeFaults(page)).toEqual([]);
    await page.keyboard.type('wrong-key');
    await page.keyboard.press('Enter');
    await dialog.getByText('It does not know the key that you gave.').waitFor();
    await page.keyboard.type('right-key');
    await page.keyboard.press('Enter');
    await answerOf(page, 'mnist-cnn').waitFor();
    await page.reload();
    await answerOf(page, 'mnist-cnn').waitFor();
    expect(await dialog.isVisible()).toBe(false);
    const kept = await page.evaluate<string[]>(
      '[sessionStorage, localStorage].map((storage) => JSON.stringify(storage))',
    );
    expect(kept.map((text) => text.includes('right-key'))).toEqual([true, false]);
    await page.getByRole('button', { name: 'Forget API key' }).click();
    await dialog.waitFor();
    expect(faults.filter((fault) => !fault.includes('401'))).toEqual([]);
  });

  test('a service that is away is named, with the time since when; what was there stays, and it recovers by itself', async () => {
    const { page } = await openPage(browser.context, '/classify');
    await draw(page, digits[7]!);
    const answer = answerOf(page, 'mnist-cnn').locator('.answer');
    await vi.waitFor(async () => expect(await answer.textContent()).toBe('7'), soon);
    onTestFinished(() => scaleBackend(1));
    await scaleBackend(0);
    const notice = page.getByRole('status').filter({ hasText: 'The prediction service is away since' });
    await draw(page, [
      [
        [80, 140],
        [180, 140],
      ],
    ]);
    await notice.waitFor({ timeout: soon });
    expect(await notice.textContent()).toMatch(
      /away since \d\d:\d\d:\d\d.*The service cannot be reached.*This page keeps trying/,
    );
    expect(await answer.textContent()).toBe('7');
    expect(await findAxeFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Clear' }).click();
    await draw(page, digits[1]!);
    await scaleBackend(1);
    await notice.waitFor({ state: 'detached', timeout: soon });
    await vi.waitFor(async () => expect(await answer.textContent()).toBe('1'), soon);
    expect(await fieldOf(page).isVisible()).toBe(true);
  });

  // Last, since the browser remembers whose job it is.
  test('the keyboard alone starts a job, cancels it, and takes that back', async () => {
    const { page } = await openPage(browser.context, '/jobs');
    await page.getByRole('radio', { name: 'free' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: 'premium' }).isChecked()).toBe(true);
    await page.getByLabel('Epochs', { exact: true }).focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('20');
    await page.keyboard.press('Enter');
    await page.waitForURL(/#\/jobs\/premium\/premium-job-template-/);
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true });
    await cancel.focus();
    await page.keyboard.press('Enter');
    const undo = page.getByRole('button', { name: /^Undo/ });
    await undo.waitFor();
    expect(await undo.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    await cancel.waitFor();
    const log = page.getByRole('log');
    await log.waitFor();
    await log.focus();
    expect(await log.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.close();
  });
});

async function scaleBackend(replicas: number): Promise<void> {
  await cluster.patch('/apis/apps/v1/namespaces/ml-pipeline/deployments/ml-backend', { spec: { replicas } });
}
