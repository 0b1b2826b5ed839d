/** Images that were dropped, pasted or picked: their bytes, and whether they are photos or somebody's handwriting. */
import { drawInk } from './draw.ts';
import { type Drawing, fieldSize } from './strokes.ts';

/** What the mesh takes. */
export const mostBytes = 16 * 1_024 * 1_024;
const readTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/tiff'];
const probeSize = 32;

/** The bytes of a data URI; reading one with fetch is what the Content-Security-Policy forbids. */
export function blobOfDataUri(uri: string): Blob {
  const [, type = '', base64 = ''] = /^data:([^;,]*);base64,(.*)$/.exec(uri) ?? [];
  return new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], { type });
}

/** Why a file is not worth sending; undefined for one that is. */
export function refusalOf({ name, type, size }: Pick<File, 'name' | 'type' | 'size'>): string | undefined {
  const formats = 'PNG, JPEG, WebP, GIF or TIFF of up to 16 MiB';
  if (type && !type.startsWith('image/')) return `${name} is not an image. Give ${formats}.`;
  if (size > mostBytes) return `${name} has ${Math.round(size / 1_048_576)} MiB. Give ${formats}.`;
  return undefined;
}

/** An image as it is where the mesh reads its kind; otherwise as PNG, where this browser reads it (BMP, AVIF, HEIC). */
export async function readable(file: Blob): Promise<Blob> {
  if (readTypes.includes(file.type)) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
    bitmap.close();
    return await canvas.convertToBlob({ type: 'image/png' });
  } catch {
    return file; // The mesh says what is wrong with it.
  }
}

/** Whether pixels (RGBA) have colours, as photos have and handwriting has not. */
export function isColourful(pixels: ArrayLike<number>): boolean {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    const channels = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
    sum += Math.max(...channels) - Math.min(...channels);
  }
  return sum / (pixels.length / 4) > 16;
}

/** Whether an image is a photo rather than handwriting; false for one that this browser cannot show. */
export async function isPhoto(blob: Blob): Promise<boolean> {
  try {
    const bitmap = await createImageBitmap(blob, { resizeWidth: probeSize, resizeHeight: probeSize });
    const context = new OffscreenCanvas(probeSize, probeSize).getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return isColourful(context.getImageData(0, 0, probeSize, probeSize).data);
  } catch {
    return false;
  }
}

/** A drawing as a PNG, the same whatever screen it was drawn on. */
export async function pngOfDrawing(drawing: Drawing): Promise<Blob> {
  const canvas = new OffscreenCanvas(fieldSize, fieldSize);
  drawInk(canvas.getContext('2d')!, drawing, { paper: '#000', ink: '#fff' });
  return canvas.convertToBlob({ type: 'image/png' });
}
