import { problem } from '@ml-job-mesh/http-service';
import type { ModelDescription } from '../model_store/model-description.ts';
import { type CountPixels, decodeGrey, decodePhoto } from './decode.ts';
import type { Decoder } from './decode-queue.ts';
import { kindOf } from './image-kind.ts';
import { digitSide, prepareDigit } from './prepare-digit.ts';
import { readSmallGreyPng } from './small-png.ts';

/** A file with an image, and the media type that it was sent as; empty if it was not said. */
export interface ImageFile {
  bytes: Buffer;
  label: string;
}

/**
 * An image as a network takes it: bytes in rows of pixels, the channels of a pixel beside each other.
 * @throws ServiceError 413, 415 or 422 when it is too large, of no kind that is read, or damaged
 */
export function prepareFile(
  { bytes, label }: ImageFile,
  { input }: ModelDescription,
  decoder: Decoder,
): Uint8Array | Promise<Uint8Array> {
  if (bytes.length === 0) throw problem('unreadable_image', 'the image has no bytes');
  kindOf(bytes, label);
  if (input.preparation === 'photo') return decoder.run(() => decodePhoto(bytes, input, decoder.countPixels));
  return readSmallGreyPng(bytes, digitSide, digitSide) ?? decoder.run(() => readDigit(bytes, decoder.countPixels));
}

/** What comes in MNIST's size, in grey, was prepared by whoever sent it. */
async function readDigit(file: Buffer, countPixels: CountPixels): Promise<Uint8Array> {
  const image = await decodeGrey(file, countPixels);
  const isPrepared = image.width === digitSide && image.height === digitSide && image.wasGrey;
  return isPrepared ? image.pixels : prepareDigit(image);
}
