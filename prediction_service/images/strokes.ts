import type { GreyImage } from './grey-image.ts';

/** In MNIST a stroke is two to three pixels wide; one that is thinner than this nearly vanishes when it is scaled down. */
const thinStroke = 1.5;
const usualStroke = 2.2;

/**
 * Makes strokes that are far thinner than MNIST's as wide as those.
 * @param fineness how many of this image's pixels are one of the final image
 */
export function thickenStrokes(image: GreyImage, fineness: number): GreyImage {
  const width = strokeWidth(image) / fineness;
  if (width >= thinStroke) return image;
  return dilate(image, ((usualStroke - width) * fineness) / 2);
}

/** The mean width of strokes in pixels: twice their area by the length of their outline. */
function strokeWidth({ pixels, width, height }: GreyImage): number {
  const brightest = pixels.reduce((most, value) => Math.max(most, value), 0);
  const isInk = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x]! * 2 > brightest;
  let [area, outline] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isInk(x, y)) continue;
      // A thin line covers a part of a pixel only.
      area += pixels[y * width + x]! / 255;
      outline += +!isInk(x - 1, y) + +!isInk(x + 1, y) + +!isInk(x, y - 1) + +!isInk(x, y + 1);
    }
  }
  return outline === 0 ? Number.POSITIVE_INFINITY : (2 * area) / outline;
}

/** Each pixel becomes the brightest one within a radius, and the brightest of all white. */
function dilate({ pixels, width, height }: GreyImage, radius: number): GreyImage {
  const reach = Math.ceil(radius);
  const brightest = pixels.reduce((most, value) => Math.max(most, value), 0);
  const [wide, high] = [width + 2 * reach, height + 2 * reach];
  const result = new Uint8Array(wide * high);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = Math.round((pixels[y * width + x]! / brightest) * 255);
      if (value === 0) continue;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          if (dx * dx + dy * dy > radius * radius) continue;
          const place = (y + reach + dy) * wide + x + reach + dx;
          result[place] = Math.max(result[place]!, value);
        }
      }
    }
  }
  return { pixels: result, width: wide, height: high };
}
