// The Jobs tab: jobs of both tiers from the page to their end, the line, what was done by mistake, and what goes wrong.
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { noBrowser } from '../browser.ts';
import { askJson, clearJobs, cluster, post, type TierName, waitForStatus } from '../mesh.ts';
import { type Browser, openPage, site, startPageBrowser } from './page.ts';

const soon = { timeout: 60_000, interval: 100 };
const deployment = (tier: TierName) => `/apis/apps/v1/namespaces/${tier}-tier/deployments/${tier}-tier`;

/** The part of the page that a heading names. */
const panel = (page: Page, name: string | RegExp) => page.getByRole('region', { name });
const row = (page: Page, id: string) => page.getByRole('row').filter({ has: page.locator(`a[title="${id}"]`) });
const textOf = async (locator: Locator) => (await locator.allInnerTexts()).join().replaceAll(/\s+/g, ' ');

/** Starts a job as a visitor does; gives its id, which the address names then. */
async function startJob(page: Page, { tier = 'free', epochs = 1 }: { tier?: TierName; epochs?: number } = {}) {
  const form = panel(page, 'New job');
  await form.getByRole('radio', { name: tier }).check({ force: true });
  await form.getByLabel('Epochs', { exact: true }).fill(String(epochs));
  await form.getByRole('button', { name: 'Start training' }).click();
  return idInAddress(page, tier);
}

async function idInAddress(page: Page, tier: TierName, other?: string): Promise<string> {
  const pattern = new RegExp(`#/jobs/${tier}/(${tier}-job-template-[a-z0-9]+)$`);
  await page.waitForURL((url) => pattern.test(url.hash) && !url.hash.endsWith(other ?? '?'));
  return pattern.exec(page.url())![1]!;
}

/** What is shown of one job. */
const detail = (page: Page, id: string) => panel(page, id);

/** Events as a tier would send them, for what a mesh cannot be brought to in a moment. */
async function sendEvents(context: BrowserContext, tier: TierName, jobs: object[]): Promise<void> {
  const queue = { running: 1, waiting: 0, limit: 2, waiting_reason: null, recent_waits_seconds: [] };
  const body = `event: jobs\ndata: ${JSON.stringify({ jobs, queue })}\n\n`;
  const pattern = `**/${tier}/events`;
  await context.route(pattern, (route) => route.fulfill({ contentType: 'text/event-stream', body }));
  onTestFinished(() => context.unroute(pattern));
}

function job(number: number, rest: Partial<Job> = {}): Job {
  const id = `free-job-template-${String(number).padStart(26, '0')}`;
  return {
    ...{ id, tier: 'free', dataset: 'mnist', model: 'ff', epochs: 5, pretrained: false, status: 'succeeded' },
    ...{ queue_position: null, estimated_start_at: null, waiting_reason: null, progress: null, error: null },
    created_at: new Date(Date.UTC(2026, 10, 21) + number * 1_000).toISOString(),
    started_at: '2026-11-21T00:00:00Z',
    finished_at: '2026-11-21T00:00:09Z',
    result: { accuracy: 97.23, test_images: 10_000, seconds: 8 },
    ...rest,
  };
}

const newestFirst = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, n) => job(from - n));

describe.skipIf(noBrowser)(`on the Jobs tab${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startPageBrowser();
  });
  afterAll(() => browser?.stop());
  beforeEach(clearJobs);
  const open = (path = '/jobs', options = {}) => openPage(browser.context, path, options);

  test.each<TierName>(['free', 'premium'])(
    'a %s job is started, its curve moves, its log grows, and its end stays when the page is loaded again',
    async (tier) => {
      const { page, faults } = await open();
      await page.getByText('Nothing has been trained yet').waitFor();
      const id = await startJob(page, { tier });
      const shown = detail(page, id);
      await shown.getByText(/loss, epoch 1 of 1/).waitFor();
      const curve = shown.getByRole('img');
      await vi.waitFor(
        async () => expect(await curve.getAttribute('aria-label')).toMatch(/^loss by epoch: from /),
        soon,
      );
      await vi.waitFor(async () => {
        expect(await textOf(shown.getByRole('log'))).toMatch(/Epoch \[1\/1\], Step \[\d00\/600\], Loss: /);
      }, soon);
      expect(await textOf(row(page, id))).toMatch(
        new RegExp(`yours ${tier} (ff|cnn) · mnist running \\d+ % – \\d+ s$`),
      );
      const { result } = await waitForStatus(id, 'succeeded');
      await shown.getByText(`${result!.accuracy.toFixed(2)} %`).waitFor();
      await vi.waitFor(async () => expect(await textOf(shown.getByRole('log'))).toContain('Time passed: '), soon);

      await page.reload();
      await shown.getByText(`${result!.accuracy.toFixed(2)} %`).waitFor();
      await vi.waitFor(async () => {
        expect(await curve.getAttribute('aria-label')).toMatch(/^loss by epoch: from .* at epoch 1\.0$/);
      }, soon);
      expect(await textOf(row(page, id))).toMatch(/yours .* succeeded \d\d\.\d\d % \d+ s$/);
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  test('the places of the free tier, who waits for them, since when and why, and which of them are mine', async () => {
    for (let count = 0; count < 3; count++) await post('/free', { dataset: 'mnist', epochs: 4 });
    const { page, faults } = await open();
    const mine = await startJob(page, { epochs: 4 });
    const places = panel(page, 'Free tier: 2 places');
    await vi.waitFor(async () => expect(await places.getByText(/epoch \d of 4 · loss \d\.\d/).count()).toBe(2), soon);
    const line = places.getByRole('list', { name: 'Waiting' }).getByRole('link');
    expect(await line.count()).toBe(2);
    // Where no job has ended before, it is the progress of the first two that tells when there will be room.
    await vi.waitFor(async () => {
      const label = await line.nth(1).getAttribute('aria-label');
      expect(label).toMatch(/^Number 2, yours, starts (in about \d+ |any moment)/);
    }, soon);
    expect(await textOf(places)).toMatch(/All places are taken: 2 of 2\. Next place (in about \d+ |any moment)/);
    expect(await textOf(row(page, mine))).toMatch(/queued, number 2/);
    expect(await textOf(page.getByRole('banner'))).toContain('free 2 of 2, 2 waiting');
    await vi.waitFor(async () => expect(await textOf(row(page, mine))).toContain('queued, number 1'), soon);
    expect(faults).toEqual([]);
    await page.close();
  });

  test('a cancellation can be taken back for a moment; a job that was cancelled is run again', async () => {
    const { page, faults } = await open();
    const id = await startJob(page, { epochs: 20 });
    const shown = detail(page, id);
    const cancel = shown.getByRole('button', { name: 'Cancel', exact: true });
    const undo = shown.getByRole('button', { name: /^Undo/ });
    await cancel.click();
    await undo.click();
    await cancel.click();
    expect((await askJson<Job>(`/free/jobs/${id}`)).status).toMatch(/starting|running/);
    await undo.waitFor({ state: 'detached' });
    await waitForStatus(id, 'cancelled');
    await shown.getByText('cancelled').waitFor();
    expect(await cancel.count()).toBe(0);
    await shown.getByRole('button', { name: 'Run again' }).click();
    const again = await idInAddress(page, 'free', id);
    expect(await askJson(`/free/jobs/${again}`)).toMatchObject({ dataset: 'mnist', epochs: 20, pretrained: false });
    // Of a job that was cancelled before it wrote anything there is no log, and the browser notes the 404.
    expect(faults.filter((fault) => !fault.endsWith(`404 (Not Found) of /free/jobs/${id}/logs`))).toEqual([]);
    await page.close();
  });

  test('whoever leaves the page has not taken a cancellation back', async () => {
    const { page } = await open();
    const id = await startJob(page, { epochs: 20 });
    await detail(page, id).getByRole('button', { name: 'Cancel', exact: true }).click();
    await detail(page, id).getByRole('button', { name: /^Undo/ }).waitFor();
    await page.goto('about:blank');
    await waitForStatus(id, 'cancelled');
    await page.close();
  });

  test('a job as a command, which starts the same; where a page has no clipboard it is shown', async () => {
    const { page } = await open();
    const form = panel(page, 'New job');
    await form.getByRole('radio', { name: 'premium' }).check({ force: true });
    await form.getByRole('checkbox').check();
    await form.getByRole('button', { name: 'Copy as curl' }).click();
    const command = await form.getByLabel('The command').inputValue();
    const body = '{"dataset":"mnist","pretrained":true}';
    expect(command).toBe(`curl ${site.origin}/premium -d '${body}'`);
    await page.close();
  });

  test.each([
    [429, 'queue_full', 'The queue is full: 500 jobs wait or run.', 2],
    [503, 'cluster_unavailable', 'The Kubernetes API cannot be reached: try again.', 1],
    [400, 'invalid_request', 'The request is not valid: "dataset" has to be one of mnist.', undefined],
  ])('a refusal with %i is said at the form, with the way on', async (status, code, text, retryAfter) => {
    const { page } = await open();
    const [title, detail] = text.split(': ');
    await page.route('**/free', (route) =>
      route.fulfill({
        status,
        contentType: 'application/problem+json',
        headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
        body: JSON.stringify({ type: 'about:blank', title, detail, status, code }),
      }),
    );
    const form = panel(page, 'New job');
    await form.getByRole('radio', { name: 'free' }).check({ force: true });
    await form.getByRole('button', { name: 'Start training' }).click();
    const alert = form.getByRole('alert');
    await alert.getByText(text).waitFor();
    const again = alert.getByRole('button');
    if (retryAfter === undefined) expect(await again.count()).toBe(0);
    else {
      expect(await again.isDisabled()).toBe(true);
      await page.unroute('**/free');
      await alert.getByRole('button', { name: 'Try again', exact: true }).click();
      const id = await idInAddress(page, 'free');
      await row(page, id).waitFor();
      expect(await alert.count()).toBe(0);
    }
    await page.close();
  });

  test('a tier that is lost is named, what was known of it stays, and it comes back without a flash', async () => {
    const { id } = await post('/premium', { dataset: 'mnist', pretrained: true });
    await waitForStatus(id, 'succeeded');
    const { page } = await open(`/jobs/premium/${id}`);
    await row(page, id).waitFor();
    await row(page, id).evaluate((element) => element.setAttribute('data-drawn', 'once'));
    const notice = page.getByRole('status').filter({ hasText: 'The premium tier is away since' });
    await scale('premium', 0);
    try {
      await notice.waitFor({ timeout: 60_000 });
      expect(await textOf(row(page, id))).toContain('succeeded');
      expect(await textOf(page.getByRole('banner'))).toMatch(/away since \d\d:\d\d:\d\d/);
      const free = await startJob(page, { tier: 'free' });
      await row(page, free).waitFor();
    } finally {
      await scale('premium', 1);
    }
    await notice.waitFor({ state: 'detached', timeout: 90_000 });
    await vi.waitFor(async () => expect(await textOf(page.getByRole('banner'))).toMatch(/live/), soon);
    expect(await row(page, id).getAttribute('data-drawn')).toBe('once');
    await page.close();
  });

  test('a job that says nothing for 20 s has said nothing, and has not crashed', async () => {
    const quiet = job(1, { status: 'running', result: null, finished_at: null });
    await sendEvents(browser.context, 'free', [quiet]);
    const { page } = await open(`/jobs/free/${quiet.id}`);
    await row(page, quiet.id).waitFor();
    expect(await textOf(row(page, quiet.id))).not.toContain('no news');
    await page.evaluate('{ const now = Date.now; Date.now = () => now() + 21_000; }');
    await detail(page, quiet.id)
      .getByText(/^No news for 2\d s\. It may still run\.$/)
      .waitFor();
    expect(await textOf(row(page, quiet.id))).toMatch(/running · no news for 2\d s/);
    await page.close();
  });

  test('of hundreds of jobs 25 are drawn at a time; filters and pages are in the address', async () => {
    const error = { code: 'node_lost', message: 'Its node was lost.' };
    const failed = { status: 'failed', result: null, error } as const;
    const jobs = Array.from({ length: 300 }, (_, n) => job(300 - n, n % 10 === 0 ? failed : {}));
    await sendEvents(browser.context, 'free', jobs);
    const { page, faults } = await open();
    const list = panel(page, 'Jobs');
    const rows = list.getByRole('row');
    await vi.waitFor(async () => expect(await rows.count()).toBe(26), soon);
    expect(await textOf(list.getByRole('navigation'))).toMatch(/^Newer 1 to 25 of 300 Older$/);
    await list.getByRole('button', { name: 'Older' }).click();
    await page.waitForURL(/#\/jobs\?page=2$/);
    expect(await textOf(list.getByRole('navigation'))).toContain('26 to 50 of 300');
    await list.getByLabel('Status').selectOption('failed');
    await page.waitForURL(/#\/jobs\?status=failed$/);
    await vi.waitFor(async () => expect(await textOf(rows.nth(1))).toContain('failed: node lost'), soon);
    expect(await textOf(list.getByRole('navigation'))).toContain('1 to 25 of 30');
    await rows.nth(1).click();
    await page.waitForURL(/#\/jobs\/free\/free-job-template-0+300\?status=failed$/);
    await page.goBack();
    await page.waitForURL(/#\/jobs\?status=failed$/);
    expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
    await page.close();
  });

  test('jobs that are older than what the stream tells of are read when they are asked for', async () => {
    await sendEvents(browser.context, 'free', newestFirst(300, 101));
    const page1 = { jobs: newestFirst(300, 101), next_cursor: 'older' };
    const page2 = { jobs: newestFirst(100, 41), next_cursor: null };
    const pattern = /\/free\/jobs\?limit=200/;
    await browser.context.route(pattern, (route) =>
      route.fulfill({ json: route.request().url().includes('cursor=older') ? page2 : page1 }),
    );
    onTestFinished(() => browser.context.unroute(pattern));
    const { page, faults } = await open('/jobs?page=8');
    const pages = panel(page, 'Jobs').getByRole('navigation');
    await vi.waitFor(async () => expect(await textOf(pages)).toContain('176 to 200 of 200'), soon);
    await pages.getByRole('button', { name: 'Load older jobs' }).click();
    await vi.waitFor(async () => expect(await textOf(pages)).toMatch(/176 to 200 of 260 Older$/), soon);
    await pages.getByRole('button', { name: 'Older' }).click();
    await row(page, newestFirst(100, 100)[0]!.id).waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });

  test('an address of a job that is gone says so', async () => {
    const { page } = await open('/jobs/free/free-job-template-gone');
    await page.getByText('There is no such job').waitFor();
    await page.close();
  });
});

async function scale(tier: TierName, replicas: number): Promise<void> {
  await cluster.patch(deployment(tier), { spec: { replicas } });
}
