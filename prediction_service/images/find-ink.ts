// Tells what was written from what it was written on: pen on paper, chalk on a board, a drawing on a canvas.
import type { GreyImage } from './grey-image.ts';

/** Between two values that differ by less there is nothing to be seen. */
const leastContrast = 24;

/** The same image with bright ink on black, its background and its ink each of one value; black if it is empty. */
export function findInk({ pixels, width, height }: GreyImage): GreyImage {
  const threshold = otsuThreshold(histogramOf(pixels));
  const isInverted = isBackgroundBright({ pixels, width, height }, threshold);
  const values = isInverted ? pixels.map((value) => 255 - value) : pixels;
  const parting = isInverted ? 254 - threshold : threshold;
  const histogram = histogramOf(values);
  const background = quantile(histogram, 0, parting, 0.5);
  const ink = quantile(histogram, parting + 1, 255, 0.9);
  if (ink - background < leastContrast) return { pixels: new Uint8Array(pixels.length), width, height };
  // Three times the distance to the upper quartile: twice the deviation of noise, or more than a shadow's whole range.
  const noise = 3 * (quantile(histogram, 0, parting, 0.75) - background);
  const floor = Math.min(background + noise, (background + parting) / 2);
  const stretched = Uint8Array.from({ length: 256 }, (_, value) =>
    Math.round(255 * Math.min(1, Math.max(0, (value - floor) / (ink - floor)))),
  );
  return { pixels: values.map((value) => stretched[value]!), width, height };
}

/** What most of the edge is, is background; where the edge is divided, what most of the image is. */
function isBackgroundBright({ pixels, width, height }: GreyImage, threshold: number): boolean {
  let [edge, brightEdge, bright] = [0, 0, 0];
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isBright = pixels[i]! > threshold ? 1 : 0;
    bright += isBright;
    if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
    edge++;
    brightEdge += isBright;
  }
  const share = brightEdge / edge;
  return share > 0.35 && share < 0.65 ? bright * 2 > pixels.length : share > 0.5;
}

function histogramOf(pixels: Uint8Array): Uint32Array {
  const histogram = new Uint32Array(256);
  for (const value of pixels) histogram[value]!++;
  return histogram;
}

/** The value that parts bright from dark best: those above it are bright (N. Otsu 1979). */
export function otsuThreshold(histogram: Uint32Array): number {
  let [all, total] = [0, 0];
  for (let value = 0; value < 256; value++) {
    all += histogram[value]!;
    total += value * histogram[value]!;
  }
  let [first, last, bestVariance] = [127, 127, 0];
  let [count, sum] = [0, 0];
  for (let value = 0; value < 255; value++) {
    count += histogram[value]!;
    sum += value * histogram[value]!;
    const rest = all - count;
    if (count === 0 || rest === 0) continue;
    const difference = sum / count - (total - sum) / rest;
    const variance = count * rest * difference * difference;
    if (variance > bestVariance) first = value;
    if (variance >= bestVariance) last = value;
    bestVariance = Math.max(variance, bestVariance);
  }
  // Where nothing lies between dark and bright, all values between part them equally well.
  return Math.floor((first + last) / 2);
}

/** The value below which this share of the pixels between two values lies; the first value where there are none. */
function quantile(histogram: Uint32Array, from: number, to: number, share: number): number {
  let total = 0;
  for (let value = from; value <= to; value++) total += histogram[value]!;
  let count = 0;
  for (let value = from; value <= to; value++) {
    count += histogram[value]!;
    if (count > 0 && count >= total * share) return value;
  }
  return from;
}
