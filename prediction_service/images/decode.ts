// Files to pixels. What comes from outside is read by libvips, with all of its loaders shut but five.
import { problem, ServiceError } from '@ml-job-mesh/http-service';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { limits } from '../limits.ts';
import type { ModelDescription } from '../model_store/model-description.ts';
import type { GreyImage } from './grey-image.ts';

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp', 'Nsgif', 'Tiff'].map((loader) => `VipsForeignLoad${loader}Buffer`),
});
// One thread an image, and nothing kept: the images are all different.
sharp.concurrency(1);
sharp.cache(false);

/** No character needs more, and what follows is done pixel by pixel. */
const maxDigitSide = 256;

/** An image in grey, and whether that is all it was: no colours, nothing transparent. */
export interface DecodedGrey extends GreyImage {
  wasGrey: boolean;
}

/** Counts the pixels of an image before it is read. Throws when its call has too many. */
export type CountPixels = (pixels: number) => void;

/**
 * An image in grey, upright, at most 256 pixels wide and high. What is transparent becomes what parts best from the rest.
 * @throws ServiceError 413 or 422 when it is too large or cannot be read
 */
export function decodeGrey(file: Buffer, countPixels: CountPixels): Promise<DecodedGrey> {
  return read(file, countPixels, async (image, { space, hasAlpha }) => {
    const isGrey = (space === 'b-w' || space === 'grey16') && !hasAlpha;
    const { data, info } = await image
      // In grey, libvips drops what is transparent.
      .toColourspace(isGrey ? 'b-w' : 'srgb')
      .resize({ width: maxDigitSide, height: maxDigitSide, fit: 'inside', withoutEnlargement: true })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels === 1) return { pixels: data, width, height, wasGrey: true };
    return { pixels: toGrey(data, channels), width, height, wasGrey: hasNoColour(data, channels) };
  });
}

function hasNoColour(pixels: Uint8Array, channels: number): boolean {
  for (let at = 0; at < pixels.length; at += channels) {
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) return false;
    if (channels === 4 && pixels[at + 3] !== 255) return false;
  }
  return true;
}

/** Colours to grey: on black if what is there is mostly bright, on white otherwise. */
function toGrey(pixels: Uint8Array, channels: number): Uint8Array {
  const count = pixels.length / channels;
  const opacityOf = (i: number) => (channels === 4 ? pixels[i * channels + 3]! / 255 : 1);
  const light = new Float32Array(count);
  let [opacity, total] = [0, 0];
  for (let i = 0, at = 0; i < count; i++, at += channels) {
    // Rec. ITU-R BT.709's luma.
    light[i] = 0.2126 * pixels[at]! + 0.7152 * pixels[at + 1]! + 0.0722 * pixels[at + 2]!;
    opacity += opacityOf(i);
    total += light[i]! * opacityOf(i);
  }
  const background = total > 127.5 * opacity ? 0 : 255;
  return Uint8Array.from(light, (value, i) => Math.round(value * opacityOf(i) + background * (1 - opacityOf(i))));
}

/**
 * A photo as the network was trained on: its shorter side scaled, and the square in its middle cut out.
 * @returns bytes in rows of pixels, red, green and blue beside each other
 * @throws ServiceError 413 or 422 when it is too large or cannot be read
 */
export function decodePhoto(
  file: Buffer,
  input: ModelDescription['input'],
  countPixels: CountPixels,
): Promise<Uint8Array> {
  const side = input.shape[2]!;
  const { crop = side, resize = crop, interpolation } = input;
  const margin = Math.floor((resize - crop) / 2);
  const kernel = interpolation === 'bilinear' ? 'linear' : 'cubic';
  return read(file, countPixels, (image) =>
    image
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .resize({ width: resize, height: resize, fit: 'cover', kernel })
      .extract({ left: margin, top: margin, width: crop, height: crop })
      .raw({ depth: 'uchar' })
      .toBuffer(),
  );
}

/** Looks at an image's size first, and reads it upright only if that is allowed. */
async function read<T>(
  file: Buffer,
  countPixels: CountPixels,
  decode: (image: Sharp, metadata: Metadata) => Promise<T>,
): Promise<T> {
  try {
    const image = sharp(file, { failOn: 'warning', limitInputPixels: limits.pixels, unlimited: false });
    const metadata = await image.metadata();
    const { width, height, pages = 1 } = metadata;
    if (width * height > limits.pixels) throw tooManyPixels(`${width} × ${height}`);
    if (pages > limits.frames)
      throw problem(
        'image_too_large',
        `it has ${pages} frames; ${limits.frames} are allowed, and the first alone would count`,
      );
    countPixels(width * height);
    return await decode(image.timeout({ seconds: limits.decodeSeconds }).autoOrient(), metadata);
  } catch (error) {
    throw toProblem(error);
  }
}

function tooManyPixels(size: string): ServiceError {
  return problem('image_too_large', `the image has ${size} pixels; ${limits.pixels / 1e6} million are allowed`);
}

function toProblem(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { message } = error as Error;
  if (message.includes('pixel limit')) return tooManyPixels('too many');
  if (message.includes('timeout'))
    return problem('image_too_large', `the image could not be read within ${limits.decodeSeconds} s`);
  return problem('unreadable_image', `the image cannot be read: ${message.split('\n')[0]}`, { cause: error });
}
