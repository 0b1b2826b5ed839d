// Files to pixels. What comes from outside is read by libvips, with all of its loaders shut but five.
import { problem, ServiceError } from '@ml-job-mesh/http-service';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { limits } from '../limits.ts';
import type { ModelDescription } from '../model_store/model-description.ts';

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp', 'Nsgif', 'Tiff'].map((loader) => `VipsForeignLoad${loader}Buffer`),
});
// One thread an image, and nothing kept: the images are all different.
sharp.concurrency(1);
sharp.cache(false);

/** One byte a pixel, row after row. */
export interface GreyImage {
  pixels: Uint8Array;
  width: number;
  height: number;
}

/** No digit needs more, and what follows is done pixel by pixel. */
const maxDigitSide = 256;

async function open(file: Buffer): Promise<{ image: Sharp; width: number; height: number; metadata: Metadata }> {
  const image = sharp(file, { failOn: 'warning', limitInputPixels: limits.pixels, unlimited: false });
  const metadata = await image.metadata();
  const { width, height, pages = 1 } = metadata;
  if (width * height > limits.pixels)
    throw problem('image_too_large', `${width} × ${height} pixels are more than ${limits.pixels}`);
  if (pages > limits.frames)
    throw problem('image_too_large', `${pages} frames are more than ${limits.frames}, of which the first would count`);
  return { image: image.timeout({ seconds: limits.decodeSeconds }), width, height, metadata };
}

/**
 * An image in grey, upright, at most 256 pixels wide and high.
 * @throws ServiceError 413 or 422 when it is too large or cannot be read
 */
export async function decodeGrey(file: Buffer): Promise<GreyImage> {
  try {
    const { image } = await open(file);
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: '#fff' })
      .greyscale()
      .resize({ width: maxDigitSide, height: maxDigitSide, fit: 'inside', withoutEnlargement: true })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { pixels: data, width: info.width, height: info.height };
  } catch (error) {
    throw toProblem(error);
  }
}

/**
 * A photo as the network was trained on: its shorter side scaled, and the square in its middle cut out.
 * @returns bytes in rows of pixels, red, green and blue beside each other
 * @throws ServiceError 413 or 422 when it is too large or cannot be read
 */
export async function decodePhoto(file: Buffer, input: ModelDescription['input']): Promise<Uint8Array> {
  const side = input.shape[2]!;
  const { crop = side, resize = crop } = input;
  const margin = Math.floor((resize - crop) / 2);
  try {
    const { image } = await open(file);
    return await image
      .autoOrient()
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .resize({
        width: resize,
        height: resize,
        fit: 'cover',
        kernel: input.interpolation === 'bilinear' ? 'linear' : 'cubic',
      })
      .extract({ left: margin, top: margin, width: crop, height: crop })
      .raw({ depth: 'uchar' })
      .toBuffer();
  } catch (error) {
    throw toProblem(error);
  }
}

function toProblem(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { message } = error as Error;
  if (message.includes('pixel limit')) return problem('image_too_large', `an image may have ${limits.pixels} pixels`);
  if (message.includes('timeout'))
    return problem('image_too_large', `the image could not be read within ${limits.decodeSeconds} s`);
  return problem('unreadable_image', `the image cannot be read: ${message.split('\n')[0]}`, { cause: error });
}
