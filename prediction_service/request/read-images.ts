// The images of a call, in whatever form they come: what the body holds counts, not what it is labelled as.
import { problem } from '@ml-job-mesh/http-service';
import type { ImageFile } from '../images/prepare.ts';
import { limits } from '../limits.ts';
import type { ModelDescription } from '../model_store/model-description.ts';
import { readForm } from './multipart.ts';
import { readPixels } from './pixels.ts';

/** An image of a call: a file, or pixels that are as the network takes them. */
export type ImageOfCall = ImageFile | Uint8Array;

/**
 * Reads the body of a call.
 * @param label the media type that it was sent as; empty if it was not said
 * @throws ServiceError 400 or 413 when there is no image in it, or too many
 */
export async function readImages(body: Buffer, label: string, model: ModelDescription): Promise<ImageOfCall[]> {
  if (body.length === 0) throw problem('invalid_request', 'the body is empty; send an image');
  const images = await readAll(body, label, model);
  if (images.length === 0) throw problem('invalid_request', 'there is no image in it');
  if (images.length > limits.imagesPerCall)
    throw problem('invalid_request', `${images.length} images are more than the ${limits.imagesPerCall} of a call`);
  return images;
}

async function readAll(body: Buffer, label: string, model: ModelDescription): Promise<ImageOfCall[]> {
  if (/^\s*multipart\/form-data\b/i.test(label)) return readForm(body, label);
  if (!isJson(body)) return [{ bytes: body, label }];
  if (body.length > limits.jsonBytes)
    throw problem('body_too_large', `pixels as JSON may have ${limits.jsonBytes / 1_024 ** 2} MiB; send files instead`);
  // It leaves a byte order mark out.
  return readPixels(new TextDecoder().decode(body), model);
}

/** No image that is read begins so. */
function isJson(body: Buffer): boolean {
  return /^(\xef\xbb\xbf)?\s*[[{]/.test(body.toString('latin1', 0, 64));
}
