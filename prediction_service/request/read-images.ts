// The images of a call, in whatever form they come. The content counts; what it is labelled as matters for forms only.
import { problem } from '@ml-job-mesh/http-service';
import { prepareFile } from '../images/prepare.ts';
import { limits } from '../limits.ts';
import type { ModelDescription } from '../model_store/model-description.ts';
import { readForm } from './multipart.ts';
import { readPixels } from './pixels.ts';

/** One image, to be prepared for a network: bytes in rows of pixels. */
export type ImageToPrepare = () => Promise<Uint8Array> | Uint8Array;

/**
 * Reads the body of a call.
 * @throws ServiceError 400 or 413 when there are no images in it, or too many
 */
export async function readImages(
  body: Buffer,
  contentType: string,
  model: ModelDescription,
): Promise<ImageToPrepare[]> {
  const images = await readAll(body, contentType, model);
  if (images.length === 0) throw problem('invalid_request', 'there is no image in it');
  if (images.length > limits.imagesPerCall)
    throw problem('invalid_request', `${images.length} images are more than the ${limits.imagesPerCall} of a call`);
  return images;
}

async function readAll(body: Buffer, contentType: string, model: ModelDescription): Promise<ImageToPrepare[]> {
  if (body.length === 0) throw problem('invalid_request', 'the body is empty; send an image');
  if (/^multipart\/form-data\b/i.test(contentType))
    return (await readForm(body, contentType)).map((file) => () => prepareFile(file, model));
  if (!isJson(body)) return [() => prepareFile(body, model)];
  if (body.length > limits.jsonBytes)
    throw problem('body_too_large', `pixels as JSON may have ${limits.jsonBytes} bytes`);
  return readPixels(body.toString('utf8'), model).map((pixels) => () => pixels);
}

/** No image begins so. */
function isJson(body: Buffer): boolean {
  return /^(\xef\xbb\xbf)?\s*[[{]/.test(body.toString('latin1', 0, 64));
}
