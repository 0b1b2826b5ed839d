// Pixels as JSON: `{"images": [[[0, 255, …], …], …]}` or `{"image": …}`.
import { problem } from '@ml-job-mesh/http-service';
import type { ModelDescription } from '../model_store/model-description.ts';

/**
 * Reads a body of pixels.
 * @returns for each image its bytes: rows of pixels, the channels of a pixel beside each other
 * @throws ServiceError 400 that says what is wrong and what is allowed
 */
export function readPixels(body: string, { input }: ModelDescription): Uint8Array[] {
  let fields: { image?: unknown; images?: unknown };
  try {
    fields = JSON.parse(body);
  } catch (error) {
    throw problem('invalid_request', `the body is no JSON: ${(error as Error).message.slice(0, 100)}`);
  }
  const [, channels, rows, columns] = input.shape as [null, number, number, number];
  const shape = channels === 1 ? [rows, columns] : [rows, columns, channels];
  const wanted = `${shape.join(' × ')} whole numbers from 0 to 255`;
  if (fields === null || typeof fields !== 'object' || (fields.image === undefined) === (fields.images === undefined))
    throw problem('invalid_request', `send {"images": […]} or {"image": …}, each image ${wanted}`);
  const images = fields.images ?? [fields.image];
  if (!Array.isArray(images)) throw problem('invalid_request', `"images" has to be a list of images, each ${wanted}`);
  return images.map((image, i) => {
    const pixels = new Uint8Array(rows * columns * channels);
    const name = fields.images === undefined ? '"image"' : `"images"[${i}]`;
    if (!copyNumbers(image, shape, pixels, 0)) throw problem('invalid_request', `${name} has to be ${wanted}`);
    return pixels;
  });
}

/** Copies nested lists of a shape into a row of bytes; false if they are of another shape or hold anything but bytes. */
function copyNumbers(value: unknown, [length, ...inner]: number[], target: Uint8Array, start: number): boolean {
  if (length === undefined) {
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 255) return false;
    target[start] = value as number;
    return true;
  }
  if (!Array.isArray(value) || value.length !== length) return false;
  const step = inner.reduce((product, side) => product * side, 1);
  return value.every((each, i) => copyNumbers(each, inner, target, start + i * step));
}
