import { problem } from '@ml-job-mesh/http-service';
import type { ModelDescription } from '../model_store/model-description.ts';
import { decodeGrey, decodePhoto } from './decode.ts';
import { kindOf } from './image-kind.ts';
import { digitSide, prepareDigit } from './prepare-digit.ts';

/** An image file as a network takes it: bytes in rows of pixels, the channels of a pixel beside each other. */
export async function prepareFile(file: Buffer, { input }: ModelDescription): Promise<Uint8Array> {
  if (file.length === 0) throw problem('unreadable_image', 'the image has no bytes');
  kindOf(file);
  if (input.preparation === 'photo') return decodePhoto(file, input);
  const image = await decodeGrey(file);
  const isPrepared = image.width === digitSide && image.height === digitSide;
  return isPrepared ? image.pixels : prepareDigit(image);
}
