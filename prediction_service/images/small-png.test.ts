import fc from 'fast-check';
import sharp, { type PngOptions } from 'sharp';
import { expect, test } from 'vitest';
import { chunk } from '../testing/request-bodies.ts';
import { readSmallGreyPng } from './small-png.ts';

const side = 28;
const raw = { raw: { width: side, height: side, channels: 1 } } as const;
const anyPixels = fc.uint8Array({ minLength: side * side, maxLength: side * side });
const smooth = Uint8Array.from({ length: side * side }, (_, i) => (i % side) * 5 + Math.floor(i / side) * 3);

/** PNGs of the same pixels, written in different ways; adaptive filtering makes libpng use all five filters. */
const encode = (pixels: Uint8Array, options: PngOptions) =>
  sharp(pixels, raw).toColourspace('b-w').png(options).toBuffer();

test('the pixels are those that were written, whatever the compression and the filters', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyPixels,
      fc.boolean(),
      fc.integer({ min: 0, max: 9 }),
      async (pixels, adaptiveFiltering, level) => {
        const file = await encode(pixels, { adaptiveFiltering, compressionLevel: level });
        expect(readSmallGreyPng(file, side, side)).toEqual(pixels);
      },
    ),
    { numRuns: 50 },
  );
  expect(readSmallGreyPng(await encode(smooth, { adaptiveFiltering: true }), side, side)).toEqual(smooth);
});

test('what is out of the ordinary is left to others', async () => {
  const file = await encode(smooth, {});
  const rgb = await sharp(file).toColourspace('srgb').png().toBuffer();
  const large = await sharp(file).resize(29, 28).png().toBuffer();
  const deep = await sharp(file).toColourspace('grey16').png().toBuffer();
  const interlaced = await encode(smooth, { progressive: true });
  const palette = await encode(smooth, { palette: true });
  const jpeg = await sharp(file).jpeg().toBuffer();
  for (const other of [rgb, large, deep, interlaced, palette, jpeg, Buffer.alloc(0), Buffer.from('\x89PNG')])
    expect(readSmallGreyPng(other, side, side)).toBeUndefined();
});

test('a file that was cut off or changed anywhere is not read', async () => {
  const file = await encode(smooth, {});
  for (let length = 0; length < file.length - 12; length++)
    expect(readSmallGreyPng(file.subarray(0, length), side, side)).toBeUndefined();
  for (let place = 0; place < file.length - 12; place++) {
    const changed = Buffer.from(file);
    changed[place]! ^= 1;
    expect(readSmallGreyPng(changed, side, side)).toBeUndefined();
  }
});

test('a file of so many chunks that reading it would hold up other calls is left to others', async () => {
  const file = await encode(smooth, {});
  const withEmptyChunks = (count: number) =>
    Buffer.concat([file.subarray(0, 33), ...Array(count).fill(chunk('IDAT', Buffer.alloc(0))), file.subarray(33)]);
  expect(readSmallGreyPng(withEmptyChunks(100), side, side)).toEqual(smooth);
  expect(readSmallGreyPng(withEmptyChunks(2_000), side, side) === undefined).toBe(true);
});
