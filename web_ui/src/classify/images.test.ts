import { expect, test } from 'vitest';
import { blobOfDataUri, isColourful, refusalOf } from './images.ts';

const pixels = (...colours: [number, number, number][]) => colours.flatMap((colour) => [...colour, 255]);

test('handwriting on paper has no colours, also where the light is a little yellow', () => {
  expect(isColourful(pixels([250, 248, 240], [40, 38, 36], [250, 248, 240]))).toBe(false);
});

test('a photo has', () => {
  expect(isColourful(pixels([200, 140, 60], [120, 150, 60], [90, 90, 80]))).toBe(true);
});

test('a data URI becomes its bytes and their type', async () => {
  const blob = blobOfDataUri(`data:image/png;base64,${btoa('\x89PNG')}`);
  expect([blob.type, [...new Uint8Array(await blob.arrayBuffer())]]).toEqual(['image/png', [0x89, 0x50, 0x4e, 0x47]]);
});

test.each([
  [{ name: 'a.png', type: 'image/png', size: 10 }, undefined],
  [{ name: 'a', type: '', size: 10 }, undefined],
  [
    { name: 'a.pdf', type: 'application/pdf', size: 10 },
    'a.pdf is not an image. Give PNG, JPEG, WebP, GIF or TIFF of up to 16 MiB.',
  ],
  [
    { name: 'b.png', type: 'image/png', size: 20 << 20 },
    'b.png has 20 MiB. Give PNG, JPEG, WebP, GIF or TIFF of up to 16 MiB.',
  ],
])('the file %j is refused with %j', (file, refusal) => {
  expect(refusalOf(file)).toBe(refusal);
});
