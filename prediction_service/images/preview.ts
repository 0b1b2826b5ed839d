import sharp from 'sharp';
import type { ModelDescription } from '../model_store/model-description.ts';

/** What a network was shown, as an image that a page can show: a data URI of a PNG, or of a JPEG where it is a photo. */
export async function previewOf(image: Uint8Array, { input }: ModelDescription): Promise<string> {
  const [, channels, height, width] = input.shape as [null, 1 | 3, number, number];
  const picture = sharp(image, { raw: { width, height, channels } });
  const isPhoto = input.preparation === 'photo';
  const file = await (isPhoto ? picture.jpeg() : picture.toColourspace('b-w').png()).toBuffer();
  return `data:image/${isPhoto ? 'jpeg' : 'png'};base64,${file.toString('base64')}`;
}
