import type { GreyImage } from './grey-image.ts';

/** A part of a character is larger than this share of its largest part; what is smaller is a speck. */
const leastShare = 0.03;

/** Blackens what is too small to belong to the character: dust, the paper's grain, compression's traces. */
export function removeSpecks(image: GreyImage, least: number): GreyImage {
  const parts = findParts(image, least);
  const largest = Math.max(0, ...parts.map(({ length }) => length));
  const pixels = image.pixels.map((value) => (value < least ? 0 : value));
  for (const part of parts) {
    // Around what stays, the soft edge stays as well.
    if (part.length >= largest * leastShare) keepAround(part, image, pixels);
    else for (const place of part) pixels[place] = 0;
  }
  return { ...image, pixels };
}

/** The places of each group of pixels that touch each other and have at least this value. */
function findParts({ pixels, width, height }: GreyImage, least: number): number[][] {
  const seen = new Uint8Array(pixels.length);
  const parts: number[][] = [];
  for (let start = 0; start < pixels.length; start++) {
    if (seen[start] || pixels[start]! < least) continue;
    seen[start] = 1;
    const part = [start];
    for (let next = 0; next < part.length; next++) {
      forEachNeighbour(part[next]!, width, height, (place) => {
        if (seen[place] || pixels[place]! < least) return;
        seen[place] = 1;
        part.push(place);
      });
    }
    parts.push(part);
  }
  return parts;
}

function keepAround(part: number[], { pixels, width, height }: GreyImage, target: Uint8Array): void {
  for (const place of part) {
    forEachNeighbour(place, width, height, (near) => {
      target[near] = pixels[near]!;
    });
  }
}

function forEachNeighbour(place: number, width: number, height: number, visit: (place: number) => void): void {
  const [column, row] = [place % width, Math.floor(place / width)];
  for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) visit(y * width + x);
  }
}
