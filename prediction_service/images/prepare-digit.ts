// Any picture of a digit as MNIST's authors would have prepared it: "size normalized to fit in a 20x20 pixel box while
// preserving their aspect ratio … centered in a 28x28 image by computing the center of mass of the pixels".
import type { GreyImage } from './decode.ts';

export const digitSide = 28;
const boxSide = 20;

/**
 * Prepares a picture; the ink may be darker or brighter than what is behind it.
 * @returns 28 × 28 bytes, ink bright on black
 */
export function prepareDigit(image: GreyImage): Uint8Array {
  const ink = findInk(image);
  const box = boundsOf(ink);
  if (!box) return new Uint8Array(digitSide * digitSide);
  return centreByMass(scaleToBox(ink, box));
}

/** Ink bright on black, whatever it was before. */
function findInk({ pixels, width, height }: GreyImage): GreyImage {
  const threshold = otsuThreshold(pixels);
  let bright = 0;
  for (const value of pixels) if (value > threshold) bright++;
  const isInverted = bright * 2 > pixels.length;
  return { pixels: isInverted ? pixels.map((value) => 255 - value) : pixels, width, height };
}

/** The value that parts bright from dark best (Otsu 1979): those above it are bright. */
export function otsuThreshold(pixels: Uint8Array): number {
  const histogram = new Float64Array(256);
  for (const value of pixels) histogram[value]!++;
  let total = 0;
  for (let value = 0; value < 256; value++) total += value * histogram[value]!;
  let best = 127;
  let bestVariance = 0;
  let count = 0;
  let sum = 0;
  for (let value = 0; value < 255; value++) {
    count += histogram[value]!;
    sum += value * histogram[value]!;
    const rest = pixels.length - count;
    if (count === 0 || rest === 0) continue;
    const difference = sum / count - (total - sum) / rest;
    const variance = count * rest * difference * difference;
    if (variance > bestVariance) {
      bestVariance = variance;
      best = value;
    }
  }
  return best;
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

function boundsOf({ pixels, width, height }: GreyImage): Box | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixels[y * width + x]! < 64) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Each new pixel is the mean of the area that it covers. */
function scaleToBox({ pixels, width }: GreyImage, box: Box): GreyImage {
  const scale = Math.max(box.width, box.height) / boxSide;
  const columns = Math.max(1, Math.round(box.width / scale));
  const rows = Math.max(1, Math.round(box.height / scale));
  const scaled = new Uint8Array(columns * rows);
  const [stepX, stepY] = [box.width / columns, box.height / rows];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      const [startX, startY] = [column * stepX, row * stepY];
      for (let y = Math.floor(startY); y < startY + stepY && y < box.height; y++) {
        const high = Math.min(y + 1, startY + stepY) - Math.max(y, startY);
        for (let x = Math.floor(startX); x < startX + stepX && x < box.width; x++) {
          const wide = Math.min(x + 1, startX + stepX) - Math.max(x, startX);
          sum += pixels[(box.top + y) * width + box.left + x]! * high * wide;
        }
      }
      scaled[row * columns + column] = Math.round(sum / (stepX * stepY));
    }
  }
  return { pixels: scaled, width: columns, height: rows };
}

function centreByMass({ pixels, width, height }: GreyImage): Uint8Array {
  let [mass, sumX, sumY] = [0, 0, 0];
  pixels.forEach((value, i) => {
    mass += value;
    sumX += value * (i % width);
    sumY += value * Math.floor(i / width);
  });
  const middle = digitSide / 2;
  const place = (centre: number, size: number) => Math.min(Math.max(0, Math.round(middle - centre)), digitSide - size);
  const left = place(sumX / mass, width);
  const top = place(sumY / mass, height);
  const placed = new Uint8Array(digitSide * digitSide);
  for (let y = 0; y < height; y++)
    placed.set(pixels.subarray(y * width, (y + 1) * width), (top + y) * digitSide + left);
  return placed;
}
