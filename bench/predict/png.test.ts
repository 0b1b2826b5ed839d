import { expect, test } from 'vitest';
import { decodeGrey } from '../../prediction_service/images/decode.ts';
import { writeGreyPng } from './png.ts';

test('a written image is read again as it was', async () => {
  const pixels = Uint8Array.from({ length: 28 * 20 }, (_, i) => (i * 37) % 256);
  const { width, height, pixels: read } = await decodeGrey(writeGreyPng(pixels, 28), () => {});
  expect({ width, height, pixels: [...read] }).toEqual({ width: 28, height: 20, pixels: [...pixels] });
});
