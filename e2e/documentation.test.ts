// The documentation page as a user meets it: in a browser, through Envoy, under a name that is not this machine's own.
import { Validator } from '@seriousme/openapi-schema-validator';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noBrowser, startBrowser } from './browser.ts';
import { askJson, clearJobs, type SubmittedJob, type TierName, waitForStatus } from './mesh.ts';
import { site, siteHosts } from './site.ts';

interface Description {
  paths: Record<string, Record<string, { summary: string }>>;
}

/** Opens a page and records what goes wrong there. */
async function open(context: BrowserContext, path: string): Promise<{ page: Page; faults: string[] }> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => faults.push(`no answer: ${request.url()}`));
  page.on('response', (answer) => {
    if (answer.status() >= 400) faults.push(`${answer.status()}: ${answer.url()}`);
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:' && host !== site.host) faults.push(`another host: ${request.url()}`);
  });
  await page.goto(`${site.origin}${path}`);
  await page.locator('.opblock').first().waitFor();
  return { page, faults };
}

/** One call of the page, unfolded. */
async function unfold(page: Page, method: string, path: string): Promise<Locator> {
  const call = page.locator(`.opblock-${method}`).filter({ has: page.locator(`[data-path="${path}"]`) });
  await call.locator('.opblock-summary').click();
  return call;
}

/** Presses "Execute" and gives the answer that the page then shows. */
async function execute(call: Locator): Promise<{ status: string; body: SubmittedJob }> {
  await call.getByRole('button', { name: 'Execute' }).click();
  const answer = call.locator('.live-responses-table .response');
  await answer.waitFor();
  return {
    status: (await answer.locator('.response-col_status').textContent())!.trim(),
    body: JSON.parse((await answer.locator('.response-col_description code').first().textContent())!),
  };
}

test.each(['free', 'premium'])('the description of the %s tier is valid OpenAPI 3.1 as it comes', async (tier) => {
  const description = await askJson<Record<string, unknown>>(`/${tier}/openapi.json`);
  expect(description.openapi).toBe('3.1.0');
  expect(await new Validator().validate(description)).toEqual({ valid: true });
});

describe.skipIf(noBrowser)(`the documentation page${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let browser: Awaited<ReturnType<typeof startBrowser>>;
  beforeAll(async () => {
    browser = await startBrowser({ hosts: siteHosts });
  });
  afterAll(() => browser?.stop());
  beforeEach(clearJobs);

  test.each(['free', 'premium'])('of the %s tier shows every call, and asks no other host', async (tier) => {
    for (const path of [`/${tier}/docs`, `/${tier}/docs/`]) {
      const { page, faults } = await open(browser.context, path);
      expect(await page.locator('.title').first().textContent()).toContain(`ML job mesh, ${tier} tier`);
      const shown = await page.locator('.opblock-summary').evaluateAll((summaries) =>
        summaries.map((summary) => {
          const text = (selector: string) => summary.querySelector(selector)?.textContent?.replaceAll('\u200b', '');
          return [text('.opblock-summary-method'), text('.opblock-summary-path'), text('.opblock-summary-description')];
        }),
      );
      const { paths } = await askJson<Description>(`/${tier}/openapi.json`);
      const described = Object.entries(paths).flatMap(([url, methods]) =>
        Object.entries(methods).map(([method, { summary }]) => [method.toUpperCase(), url, summary]),
      );
      expect(shown.sort()).toEqual(described.sort());
      // The calls come first, the tables of codes after them, and the name on the bar is ours.
      const heights = await page
        .locator('.opblock, .opblock-tag-section table')
        .evaluateAll((parts) => parts.map((part) => [part.tagName, part.getBoundingClientRect().top] as const));
      const callOfJobs = heights.find(([tag]) => tag !== 'TABLE')![1];
      expect(heights.filter(([tag]) => tag === 'TABLE').map(([, top]) => top > callOfJobs)).toEqual([
        true,
        true,
        true,
        true,
      ]);
      expect(await page.title()).toBe(`ML job mesh, ${tier} tier`);
      expect(await page.locator('.topbar img').getAttribute('src')).toContain('svg');
      expect(shown).toContainEqual(['POST', `/${tier}`, 'Make a job']);
      expect(faults).toEqual([]);
      await page.close();
    }
  });

  test.each<TierName>(['free', 'premium'])('of the %s tier makes a job and reads it', async (tier) => {
    const { page, faults } = await open(browser.context, `/${tier}/docs`);
    const submit = await unfold(page, 'post', `/${tier}`);
    await submit.locator('textarea.body-param__text').fill('{"dataset":"mnist","pretrained":true}');
    const made = await execute(submit);
    expect(made.status).toBe('200');
    expect(made.body).toMatchObject({ tier, dataset: 'mnist', job_name: made.body.id });
    const ended = await waitForStatus(made.body.id, 'succeeded');

    const one = await unfold(page, 'get', `/${tier}/jobs/{id}`);
    await one.locator('tr[data-param-name="id"] input').fill(made.body.id);
    expect(await execute(one)).toEqual({ status: '200', body: ended });
    expect(faults).toEqual([]);
    await page.close();
  });
});
