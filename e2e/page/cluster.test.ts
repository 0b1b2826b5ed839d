// The Cluster tab: nodes, what is on them, and quotas, as they change.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { noBrowser } from '../browser.ts';
import { clearJobs, cluster, post, waitForStatus } from '../mesh.ts';
import { type Browser, openPage, startPageBrowser } from './page.ts';

const soon = { timeout: 60_000, interval: 100 };

describe.skipIf(noBrowser)(`on the Cluster tab${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startPageBrowser();
  });
  afterAll(() => browser?.stop());
  beforeEach(clearJobs);

  test('a job comes to a node, takes of it and of the quota, leads to its curve, and goes', async () => {
    const { page, faults } = await openPage(browser.context, '/cluster');
    const used = async () => {
      const meters = await page.getByRole('meter', { name: /^CPU asked for on / }).all();
      const texts = await Promise.all(meters.map((meter) => meter.getAttribute('aria-valuetext')));
      return texts.reduce((sum, text) => sum + Number.parseFloat(text!), 0);
    };
    const quota = page.getByRole('meter', { name: 'requests.cpu of free-service' });
    const ended = async () =>
      Number.parseInt((await page.getByText(/ended and (?:is|are) kept for/).textContent())!, 10);
    const quotaText = () => quota.getAttribute('aria-valuetext');
    await vi.waitFor(async () => expect(await quotaText()).toBe('0 of 2 CPU'), soon);
    const before = await used();
    const endedBefore = await ended();
    expect(await page.getByRole('region', { name: /^node-[12]$/ }).count()).toBe(2);
    const { id } = await post('/free', { dataset: 'mnist', epochs: 1 });
    const link = page.getByRole('link', { name: `…${id.slice(-15)}` });
    await link.waitFor();
    await vi.waitFor(async () => {
      expect(await quotaText()).toBe('0.9 of 2 CPU');
      expect((await used()) - before).toBeCloseTo(0.9, 1);
    }, soon);
    await waitForStatus(id, 'succeeded');
    await vi.waitFor(async () => expect([await link.count(), await quotaText()]).toEqual([0, '0 of 2 CPU']), soon);
    await vi.waitFor(async () => expect(await ended()).toBe(endedBefore + 1), soon);
    expect(faults).toEqual([]);
    await page.close();
  });

  test('a node that is cordoned says so, and when it takes pods again no more', async () => {
    const { page } = await openPage(browser.context, '/cluster');
    const said = page.getByRole('region', { name: 'node-2' }).getByText('Cordoned:');
    await page.getByRole('region', { name: 'node-2' }).waitFor();
    expect(await said.count()).toBe(0);
    await cluster.patch('/api/v1/nodes/node-2', { spec: { unschedulable: true } });
    try {
      await said.waitFor();
    } finally {
      await cluster.patch('/api/v1/nodes/node-2', { spec: { unschedulable: null } });
    }
    await said.waitFor({ state: 'detached' });
    await page.close();
  });

  test('a job leads from its node to its curve', async () => {
    const { id } = await post('/premium', { dataset: 'mnist', epochs: 20 });
    const { page } = await openPage(browser.context, '/cluster');
    await page.getByRole('link', { name: `…${id.slice(-15)}` }).click();
    await page.waitForURL(new RegExp(`#/jobs/premium/${id}$`));
    await page.getByRole('region', { name: id }).waitFor();
    await page.close();
  });

  test('while the service is away, that is said and what was known stays; it recovers by itself', async () => {
    const { page } = await openPage(browser.context, '/cluster');
    await page.getByRole('region', { name: 'node-1' }).waitFor();
    const scale = (replicas: number) =>
      cluster.patch('/apis/apps/v1/namespaces/web-tier/deployments/grader-interface', { spec: { replicas } });
    const notice = page.getByRole('status').filter({ hasText: 'The view of the cluster is away since' });
    await scale(0);
    try {
      await notice.waitFor({ timeout: 60_000 });
      expect(await page.getByRole('region', { name: 'node-1' }).count()).toBe(1);
    } finally {
      await scale(1);
    }
    await notice.waitFor({ state: 'detached', timeout: 90_000 });
    await page.close();
  });
});
