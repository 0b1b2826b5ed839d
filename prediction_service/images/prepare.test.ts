import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import type { ModelDescription } from '../model_store/model-description.ts';
import { digit, fromGrey, largePicture, picture } from '../testing/mnist-digits.ts';
import { createDecodeQueue } from './decode-queue.ts';
import { prepareFile } from './prepare.ts';

const input = { shape: [null, 1, 28, 28], preparation: 'digit', mean: [0], std: [1] };
const digitModel = { input } as unknown as ModelDescription;
const prepare = async (bytes: Buffer, model = digitModel) =>
  Uint8Array.from(
    await prepareFile({ bytes, label: '' }, model, createDecodeQueue().forCall(new AbortController().signal)),
  );

/** How much two images differ, pixel by pixel, of 255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

const indices = Array.from({ length: 20 }, (_, i) => i);

describe('a grey image of 28 × 28 is used as it is', () => {
  test.each([
    ['PNG', () => picture(0).png()],
    ['interlaced PNG', () => picture(0).png({ progressive: true })],
    ['PNG of few colours', () => picture(0).png({ palette: true, colours: 256, dither: 0 })],
    ['PNG in RGB', () => picture(0).toColourspace('srgb').png()],
    ['opaque PNG with alpha', () => picture(0).toColourspace('srgb').ensureAlpha().png()],
    ['TIFF', () => picture(0).tiff({ compression: 'lzw' })],
    ['lossless WebP', () => picture(0).webp({ lossless: true })],
    ['GIF', () => picture(0).gif()],
  ])('as %s', async (_, write) => {
    expect(await prepare(await write().toBuffer())).toEqual(digit(0));
  });

  test('in 16 bits, its upper 8', async () => {
    const deep = Uint16Array.from(digit(0), (value) => value * 257);
    const file = await sharp(deep, { raw: { width: 28, height: 28, channels: 1, depth: 'ushort' } as never })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(file).metadata()).depth).toBe('ushort');
    expect(difference(await prepare(file), digit(0))).toBeLessThan(1);
  });

  test('as JPEG, as exactly as that is', async () => {
    expect(difference(await prepare(await picture(0).jpeg({ quality: 100 }).toBuffer()), digit(0))).toBeLessThan(1);
  });
});

/** In the mean, two images of MNIST differ by 41, and one from itself, moved by a pixel, by 16; some by more. */
const alike = { mean: 13, most: 25 };

/** Compares what becomes of a picture of each digit with the digit. */
async function expectAlike(write: (index: number) => Promise<Sharp> | Sharp): Promise<void> {
  const differences: number[] = [];
  for (const index of indices) {
    const prepared = await prepare(await (await write(index)).toBuffer());
    differences.push(difference(prepared, digit(index)));
  }
  const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
  expect([mean, differences]).toEqual([
    expect.toSatisfy((value: number) => value < alike.mean),
    expect.toSatisfy((values: number[]) => Math.max(...values) < alike.most),
  ]);
}

describe("any other picture of a digit becomes nearly what MNIST's authors made of it", () => {
  const onCanvas = async (index: number) =>
    sharp(await (await largePicture(index)).png().toBuffer()).extend({ left: 200, bottom: 90, background: '#fff' });
  const transparent = async (index: number, ink: string) =>
    sharp({ create: { width: 140, height: 140, channels: 3, background: ink } }).joinChannel(
      await (await largePicture(index)).negate().toColourspace('b-w').raw().toBuffer(),
      { raw: { width: 140, height: 140, channels: 1 } },
    );

  test.each<[string, (index: number) => Promise<Sharp> | Sharp]>([
    ['dark on white', async (index) => (await largePicture(index)).png()],
    ['bright on black', async (index) => (await largePicture(index)).negate().png()],
    ['in a corner', async (index) => (await onCanvas(index)).png()],
    ['in a coarse JPEG', async (index) => (await largePicture(index)).jpeg({ quality: 40 })],
    ['in a JPEG in CMYK', async (index) => (await largePicture(index)).toColourspace('cmyk').jpeg()],
    ['of little contrast', async (index) => (await largePicture(index)).linear(0.3, 90).png()],
    ['dark on transparent', async (index) => (await transparent(index, '#000')).png()],
    ['bright on transparent', async (index) => (await transparent(index, '#ff8')).png()],
    [
      'turned by a camera',
      async (index) => (await largePicture(index)).rotate(90).withMetadata({ orientation: 8 }).jpeg(),
    ],
    ['smaller than MNIST', (index) => picture(index).resize(24, 24).png()],
    ['without its margin', (index) => picture(index).trim({ threshold: 10 }).png()],
  ])('%s', (_, write) => expectAlike(write));

  test('on paper with grain and specks', async () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    await expectAlike(async (index) => {
      const clean = await (await largePicture(index)).linear(0.5, 80).toColourspace('b-w').raw().toBuffer();
      const noisy = clean.map((value) => value + (random() - 0.5) * 30);
      for (let speck = 0; speck < 10; speck++) noisy[Math.floor(random() * noisy.length)] = 0;
      return fromGrey(noisy, 140, 140).png();
    });
  });

  test('a line of one pixel on a large canvas is as bright and as wide as MNIST’s', async () => {
    const canvas = new Uint8Array(1_000 * 1_000);
    for (let y = 200; y < 800; y++) canvas[y * 1_000 + 500] = 255;
    const prepared = await prepare(await fromGrey(canvas, 1_000, 1_000).png().toBuffer());
    const row = [...prepared.subarray(14 * 28, 15 * 28)];
    expect(Math.max(...row)).toBeGreaterThan(200);
    const width = row.reduce((sum, value) => sum + value, 0) / 255;
    expect([width > 1.5, width < 3]).toEqual([true, true]);
    expect(row.findIndex((value) => value > 128)).toBeGreaterThan(11);
  });

  test('an empty picture is black', async () => {
    const white = await sharp({ create: { width: 50, height: 40, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    expect(await prepare(white)).toEqual(new Uint8Array(784));
  });
});

describe('a photo', () => {
  const shape = [null, 3, 8, 8];
  const photo = { input: { shape, preparation: 'photo', mean: [0, 0, 0], std: [1, 1, 1], resize: 10, crop: 8 } };
  const photoModel = photo as unknown as ModelDescription;
  const colours = { create: { width: 40, height: 20, channels: 3, background: '#c08040' } } as const;

  test('is given in red, green and blue, cut to its middle', async () => {
    const left = { ...colours.create, width: 9, background: '#00f' } as const;
    const file = await sharp(colours)
      .composite([{ input: { create: left }, left: 0, top: 0 }])
      .png()
      .toBuffer();
    const pixels = await prepare(file, photoModel);
    expect([...pixels]).toEqual(Array.from({ length: 64 }, () => [0xc0, 0x80, 0x40]).flat());
  });

  test('in grey gets three channels, and a transparent one stands on white', async () => {
    expect(await prepare(await picture(0).png().toBuffer(), photoModel)).toHaveLength(8 * 8 * 3);
    const nothing = await sharp({ create: { ...colours.create, channels: 4, background: '#0000' } })
      .png()
      .toBuffer();
    expect(await prepare(nothing, photoModel)).toEqual(new Uint8Array(8 * 8 * 3).fill(255));
  });
});
