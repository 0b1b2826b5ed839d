// The Models tab: what is published is what is shown.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { noBrowser } from '../browser.ts';
import { answerOf, type Browser, openPage, startPageBrowser } from './page.ts';

const { front } = inject('mesh');

interface Model {
  name: string;
  version: number;
  accuracy: number;
  confusion_matrix: number[][];
}

const read = async (name: string) => (await (await fetch(`${front}/models/${name}`)).json()) as Model;

describe.skipIf(noBrowser)(`on the Models tab${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startPageBrowser();
  });
  afterAll(() => browser?.stop());

  test('each network says how accurate it is, with its matrix and its curve', async () => {
    const { page, faults } = await openPage(browser.context, '/models');
    for (const name of ['mnist-cnn', 'mnist-ff']) {
      const { accuracy, version } = await read(name);
      const card = answerOf(page, name);
      await card.waitFor();
      expect(await card.getByRole('heading').textContent()).toBe(`${name} · version ${version}`);
      expect(await card.locator('.figure').textContent()).toBe(`${(accuracy * 100).toFixed(2)} %of 10,000 test images`);
      expect(await card.getByRole('gridcell').count()).toBe(100);
      expect(await card.getByRole('img').getAttribute('aria-label')).toMatch(
        /^loss by epoch: from \d\.\d+ to \d\.\d+ at epoch \d+\.0$/,
      );
      expect(await inkOf(card.locator('canvas'))).toBeGreaterThan(100);
    }
    expect(faults).toEqual([]);
  });

  test('the mouse and the arrow keys tell which digits were mistaken', async () => {
    const { page, faults } = await openPage(browser.context, '/models/mnist-cnn');
    const { confusion_matrix: matrix } = await read('mnist-cnn');
    const caption = page.locator('.confusion-caption');
    const inWords = (actual: number, predicted: number) => {
      const total = matrix[actual]!.reduce((sum, count) => sum + count, 0);
      const count = matrix[actual]![predicted]!;
      const share = `${count.toLocaleString('en')} of ${total.toLocaleString('en')} (${((100 * count) / total).toFixed(1)} %)`;
      return actual === predicted ? `${actual} recognised: ${share}` : `${actual} taken for ${predicted}: ${share}`;
    };
    await page.locator('[data-cell="4,9"]').hover();
    expect(await caption.textContent()).toBe(inWords(4, 9));
    await page.locator('[data-cell="0,0"]').focus();
    expect(await caption.textContent()).toBe(inWords(0, 0));
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
    expect(await caption.textContent()).toBe(inWords(2, 1));
    const focused = page.locator('[data-cell]:focus');
    expect([await focused.getAttribute('data-cell'), await focused.getAttribute('aria-label')]).toEqual([
      '2,1',
      inWords(2, 1),
    ]);
    expect(faults).toEqual([]);
  });

  test('a network has an address of its own, with its versions and where it comes from', async () => {
    const { page, faults } = await openPage(browser.context, '/models');
    await page.getByRole('link', { name: 'mnist-ff', exact: true }).click();
    await page.waitForURL(/#\/models\/mnist-ff$/);
    const { version } = await read('mnist-ff');
    const versions = page.getByRole('region', { name: 'Versions' });
    expect(await versions.getByRole('row').nth(1).textContent()).toContain(`${version} answers now`);
    const provenance = page.getByRole('region', { name: 'Where it comes from' });
    for (const fact of ['Licence', 'Epochs', 'Seed', 'SHA-256'])
      expect(await provenance.getByText(fact, { exact: true }).first().isVisible()).toBe(true);
    await page.getByRole('link', { name: 'All models' }).click();
    await answerOf(page, 'mnist-cnn').waitFor();
    expect(faults).toEqual([]);
  });

  test('an address of a network that is not there says so', async () => {
    const { page } = await openPage(browser.context, '/models/mnist-xyz');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/^mnist-xyz: refused.*There is no such model/);
  });
});

/** How many points of a canvas are not empty. */
function inkOf(canvas: ReturnType<Awaited<ReturnType<typeof openPage>>['page']['locator']>): Promise<number> {
  return canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
    return data.filter((value, index) => index % 4 === 3 && value > 0).length;
  });
}
