// The Classify tab: what a person draws or gives is what the networks say.
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { noBrowser } from '../browser.ts';
import { answerOf, type Browser, digits, draw, fieldOf, openPage, soon, startPageBrowser } from './page.ts';

const { front, kmnistTestImages } = inject('mesh');

interface Model {
  name: string;
  samples: { label: string; image: string }[];
}

async function listModels(): Promise<Model[]> {
  const { models } = (await (await fetch(`${front}/models`)).json()) as { models: Model[] };
  return models;
}

/** A sample of a class of MNIST as a file. */
async function sampleFile(label: string, name = `${label}.png`) {
  const model = (await listModels()).find((one) => one.name === 'mnist-cnn')!;
  const { image } = model.samples.find((sample) => sample.label === label)!;
  return { name, mimeType: 'image/png', buffer: Buffer.from(image.split(',')[1]!, 'base64') };
}

/** What the network says of a file, asked without the page. */
async function ask({ buffer }: { buffer: Buffer }): Promise<string> {
  const answer = await fetch(`${front}/predict/mnist-cnn`, { method: 'POST', body: new Uint8Array(buffer) });
  const { predictions } = (await answer.json()) as { predictions: { classes: { label: string }[] }[] };
  return predictions[0]!.classes[0]!.label;
}

/** The photo network's sample of a cat as a file. */
async function photoFile() {
  const model = (await listModels()).find((one) => one.name === 'imagenet-efficientnet-lite0')!;
  const { image } = model.samples.find(({ label }) => /cat|tabby/i.test(label))!;
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(image.split(',')[1]!, 'base64') };
}

/** A BMP of 28 × 28: an upright white line. */
function bitmapOfOne(): Buffer {
  const [side, headerBytes] = [28, 54];
  const file = Buffer.alloc(headerBytes + side * side * 3);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(headerBytes, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(side, 18);
  file.writeInt32LE(side, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let row = 4; row < 24; row++)
    file.fill(255, headerBytes + (row * side + 13) * 3, headerBytes + (row * side + 15) * 3);
  return file;
}

describe.skipIf(noBrowser)(`on the Classify tab${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startPageBrowser();
  });
  afterAll(() => browser?.stop());

  const open = (path = '/classify', options = {}) => openPage(browser.context, path, options);
  const isAnswered = (page: Awaited<ReturnType<typeof open>>['page'], model: string, label: string) =>
    vi.waitFor(async () => expect(await answerOf(page, model).locator('.answer').textContent()).toBe(label), soon);

  test('a drawn 7 is a 7 to both networks, and they say so before the pen is lifted', async () => {
    const { page, faults } = await open();
    await answerOf(page, 'mnist-cnn').waitFor();
    await draw(page, digits[7]!, async () => {
      await isAnswered(page, 'mnist-cnn', '7');
      await isAnswered(page, 'mnist-ff', '7');
    });
    const shares = await answerOf(page, 'mnist-cnn').locator('.bars li').allTextContents();
    expect(shares).toHaveLength(10);
    expect(shares.filter((share) => /^[0-9](?:> )?\d+\.\d %$/.test(share))).toEqual(shares);
    expect(faults).toEqual([]);
  });

  test.each(digits.map((strokes, digit) => ({ digit, strokes })))(
    'a drawn $digit is a $digit',
    async ({ digit, strokes }) => {
      const { page, faults } = await open();
      await answerOf(page, 'mnist-cnn').waitFor();
      await draw(page, strokes);
      await isAnswered(page, 'mnist-cnn', String(digit));
      expect(faults).toEqual([]);
      await page.close();
    },
  );

  test('while somebody draws, each network is asked one thing at a time', async () => {
    const { page } = await open();
    await answerOf(page, 'mnist-ff').waitFor();
    const running = new Map<string, number>();
    let most = 0;
    let all = 0;
    const count = (url: string, change: number) => {
      if (!url.includes('/predict/')) return;
      running.set(url, (running.get(url) ?? 0) + change);
      most = Math.max(most, running.get(url)!);
      if (change > 0) all++;
    };
    page.on('request', (request) => count(request.url(), 1));
    page.on('requestfinished', (request) => count(request.url(), -1));
    page.on('requestfailed', (request) => count(request.url(), -1));
    await draw(page, digits[3]!);
    await isAnswered(page, 'mnist-cnn', '3');
    expect(most).toBe(1);
    expect(all).toBeGreaterThan(4);
  });

  test('undo takes back stroke by stroke, clearing too; Ctrl-Z does the same', async () => {
    const { page } = await open();
    const [undo, clear] = ['Undo', 'Clear'].map((name) => page.getByRole('button', { name }));
    expect([await undo!.isEnabled(), await clear!.isEnabled()]).toEqual([false, false]);
    await draw(page, digits[4]!);
    await isAnswered(page, 'mnist-cnn', '4');
    await clear!.click();
    await isAnswered(page, 'mnist-cnn', '?');
    await undo!.click();
    await isAnswered(page, 'mnist-cnn', '4');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await isAnswered(page, 'mnist-cnn', '?');
    expect(await undo!.isEnabled()).toBe(false);
  });

  test('the address brings back what was drawn', async () => {
    const { page } = await open();
    await draw(page, digits[5]!);
    await isAnswered(page, 'mnist-cnn', '5');
    await page.waitForURL(/drawing=/);
    const { page: second, faults } = await open(page.url().split('#')[1]!);
    await isAnswered(second, 'mnist-cnn', '5');
    expect(faults).toEqual([]);
    await page.getByRole('link', { name: 'Models', exact: true }).click();
    await page.getByRole('link', { name: 'Classify' }).click();
    await isAnswered(page, 'mnist-cnn', '5');
  });

  test('the keyboard draws: a 1 with the arrow keys', async () => {
    const { page, faults } = await open();
    await answerOf(page, 'mnist-cnn').waitFor();
    await fieldOf(page).focus();
    for (let i = 0; i < 9; i++) await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Space');
    for (let i = 0; i < 18; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await isAnswered(page, 'mnist-cnn', '1');
    await page.keyboard.press('Delete');
    await isAnswered(page, 'mnist-cnn', '?');
    await page.keyboard.press('Backspace');
    await isAnswered(page, 'mnist-cnn', '1');
    expect(faults).toEqual([]);
  });

  test('a finger draws on a phone, and the page does not scroll under it', async () => {
    const { page } = await open('/classify', { window: 'phone' });
    await answerOf(page, 'mnist-cnn').waitFor();
    const touch = await browser.context.newCDPSession(page);
    await touch.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    const { x, y, width } = (await fieldOf(page).boundingBox())!;
    const [stroke] = digits[1]!;
    const points = stroke!.map(([left, top]) => ({ x: x + (left / 280) * width, y: y + (top / 280) * width }));
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [points[0]!] });
    for (const [index, point] of points.slice(1).entries()) {
      const before = points[index]!;
      for (const share of [0.25, 0.5, 0.75, 1]) {
        const between = { x: before.x + (point.x - before.x) * share, y: before.y + (point.y - before.y) * share };
        await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [between] });
      }
    }
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await isAnswered(page, 'mnist-cnn', '1');
    expect(await page.evaluate('scrollY')).toBe(0);
  });

  test('a sample is shown as the network sees it, with what that says, and the address names it', async () => {
    const { page, faults } = await open();
    const answer = await ask(await sampleFile('8'));
    await page.getByRole('button', { name: 'Sample: 8' }).click();
    await isAnswered(page, 'mnist-cnn', answer);
    const seen = page.getByRole('img', { name: 'What the network sees' });
    await seen.waitFor();
    expect(
      await seen.evaluate((image) => [
        (image as HTMLImageElement).naturalWidth,
        (image as HTMLImageElement).naturalHeight,
      ]),
    ).toEqual([28, 28]);
    await page.waitForURL(/sample=mnist:8/);
    await page.reload();
    await isAnswered(page, 'mnist-cnn', answer);
    expect(faults).toEqual([]);
  });

  test.skipIf(kmnistTestImages === 0)('the networks for another dataset look at the same drawing', async () => {
    const { page } = await open();
    await draw(page, digits[0]!);
    await isAnswered(page, 'mnist-cnn', '0');
    await page.getByRole('radio', { name: 'KMNIST' }).check();
    await vi.waitFor(async () => {
      expect(await answerOf(page, 'kmnist-cnn').locator('.answer').textContent()).toMatch(/^[^?]/);
    }, soon);
    expect(await answerOf(page, 'mnist-cnn').count()).toBe(0);
  });

  test('an image is picked, dropped or pasted', async () => {
    const { page, faults } = await open();
    const [picked, dropped, pasted] = await Promise.all(['0', '6', '2'].map((label) => sampleFile(label)));
    await page.locator('input[type=file]').setInputFiles(picked!);
    await isAnswered(page, 'mnist-cnn', await ask(picked!));
    for (const [event, file] of [
      ['drop', dropped!],
      ['paste', pasted!],
    ] as const) {
      await page.evaluate(giveFile, { event, base64: file.buffer.toString('base64') });
      await isAnswered(page, 'mnist-cnn', await ask(file));
    }
    expect(faults).toEqual([]);
  });

  test('a photo of a cat is a cat, without saying that it is a photo', async () => {
    const { page, faults } = await open();
    await page.locator('input[type=file]').setInputFiles(await photoFile());
    await page.getByRole('radio', { name: 'Photos' }).and(page.locator(':checked')).waitFor({ state: 'attached' });
    const answer = answerOf(page, 'imagenet-efficientnet-lite0').locator('.answer');
    await vi.waitFor(async () => expect(await answer.textContent()).toMatch(/cat|tabby/i), soon);
    await page.getByRole('button', { name: 'Clear' }).click();
    await draw(page, digits[7]!);
    await isAnswered(page, 'mnist-cnn', '7');
    expect(faults).toEqual([]);
  });

  test('an image of a kind that the service does not read is read by the browser', async () => {
    const { page, faults } = await open();
    const file = { name: 'one.bmp', mimeType: 'image/bmp', buffer: bitmapOfOne() };
    await page.locator('input[type=file]').setInputFiles(file);
    await isAnswered(page, 'mnist-cnn', '1');
    expect(faults).toEqual([]);
  });

  test('what is no image is refused in words, by the page and by the service', async () => {
    const { page } = await open();
    const input = page.locator('input[type=file]');
    await input.setInputFiles({ name: 'notes.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF') });
    const alert = page.getByRole('alert').first();
    expect(await alert.textContent()).toBe(
      'notes.pdf is not an image. Give PNG, JPEG, WebP, GIF or TIFF of up to 16 MiB.',
    );
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>');
    await input.setInputFiles({ name: 'shape.svg', mimeType: 'image/svg+xml', buffer: svg });
    await vi.waitFor(async () => {
      expect(await answerOf(page, 'mnist-cnn').getByRole('alert').textContent()).toMatch(
        /image is of a kind that is not read/i,
      );
    }, soon);
    await draw(page, digits[1]!);
    await isAnswered(page, 'mnist-cnn', '1');
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('an empty field says what to do first', async () => {
    const { page } = await open();
    await answerOf(page, 'mnist-cnn').waitFor();
    expect(await page.locator('.field').textContent()).toBe('Draw a digit here');
    expect(await answerOf(page, 'mnist-cnn').locator('.sure').textContent()).toBe('nothing to look at yet');
  });
});

/** In the browser: drops or pastes a PNG on the page. */
function giveFile({ event, base64 }: { event: 'drop' | 'paste'; base64: string }): void {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], `${event}.png`, { type: 'image/png' }));
  const target = document.querySelector('.field')!;
  const init = { bubbles: true, cancelable: true };
  target.dispatchEvent(
    event === 'drop'
      ? new DragEvent('drop', { ...init, dataTransfer: transfer })
      : new ClipboardEvent('paste', { ...init, clipboardData: transfer }),
  );
}
