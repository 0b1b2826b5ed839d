// Any picture of a character as MNIST's authors would have prepared it: "size normalized to fit in a 20x20 pixel box while
// preserving their aspect ratio … centered in a 28x28 image by computing the center of mass of the pixels, and translating
// the image so as to position this point at the center" (Y. LeCun, C. Cortes, C. Burges: The MNIST database).
import { findInk } from './find-ink.ts';
import { boundsOf, type GreyImage, scaleBox } from './grey-image.ts';
import { removeSpecks } from './specks.ts';
import { thickenStrokes } from './strokes.ts';

export const digitSide = 28;
const boxSide = 20;
/** Strokes are measured at this many times the final size. */
const fineness = 4;
/** What is darker is the soft edge of something, or nothing. */
const leastInk = 64;

/**
 * Prepares a picture; the ink may be darker or brighter than what it is on.
 * @returns 28 × 28 bytes, bright ink on black; all black if there is nothing to be seen
 */
export function prepareDigit(image: GreyImage): Uint8Array {
  const ink = removeSpecks(findInk(image), leastInk);
  const box = boundsOf(ink, leastInk);
  if (!box) return new Uint8Array(digitSide * digitSide);
  const thick = thickenStrokes(scaleBox(ink, box, boxSide * fineness), fineness);
  return centreByMass(scaleBox(thick, boundsOf(thick, 1)!, boxSide));
}

function centreByMass({ pixels, width, height }: GreyImage): Uint8Array {
  let [mass, sumX, sumY] = [0, 0, 0];
  for (const [i, value] of pixels.entries()) {
    mass += value;
    sumX += value * (i % width);
    sumY += value * Math.floor(i / width);
  }
  const left = placeOf(sumX / mass, width);
  const top = placeOf(sumY / mass, height);
  const placed = new Uint8Array(digitSide * digitSide);
  for (let y = 0; y < height; y++)
    placed.set(pixels.subarray(y * width, (y + 1) * width), (top + y) * digitSide + left);
  return placed;
}

/** Where a side has to begin for its centre to be in the middle; in MNIST that is the pixel of number 14. */
function placeOf(centre: number, size: number): number {
  return Math.min(Math.max(0, Math.round(digitSide / 2 - centre)), digitSide - size);
}
