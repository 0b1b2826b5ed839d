// Most images that come are digits of 28 × 28 as the simplest kind of PNG. libvips takes a millisecond to set itself up for
// one; this reads it in some microseconds, and leaves everything out of the ordinary to libvips, errors included.
import { crc32, inflateSync } from 'node:zlib';

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const headerEnd = 33;
/** Ten times what such a file needs. One of many empty chunks would hold up all other calls; libvips reads in another thread. */
const longestFile = 16 * 1_024;
const bitDepth = 8;
const grey = 0;
/** What changes nothing of grey pixels: resolution, time, texts, and how a screen shows them. */
const harmless = new Set(['pHYs', 'tIME', 'tEXt', 'zTXt', 'iTXt', 'gAMA', 'cHRM', 'sRGB', 'bKGD', 'sBIT', 'hIST']);

/**
 * The pixels of a PNG of exactly this size in 8-bit grey, not interlaced; undefined for any other file, one that is damaged
 * or longer than 16 KiB too.
 * @see PNG (Third Edition), W3C 2025: 5.3 chunk layout, 9.2 filters
 */
export function readSmallGreyPng(file: Buffer, width: number, height: number): Uint8Array | undefined {
  if (file.length < headerEnd || file.length > longestFile || signature.compare(file, 0, 8) !== 0) return undefined;
  const isPlain =
    file.readUInt32BE(8) === 13 &&
    file.toString('latin1', 12, 16) === 'IHDR' &&
    file.readUInt32BE(16) === width &&
    file.readUInt32BE(20) === height &&
    file[24] === bitDepth &&
    file[25] === grey &&
    file[26] === 0 &&
    file[27] === 0 &&
    file[28] === 0 &&
    crc32(file.subarray(12, 29)) === file.readUInt32BE(29);
  if (!isPlain) return undefined;
  const compressed = imageData(file);
  if (!compressed) return undefined;
  try {
    const filtered = inflateSync(compressed, { maxOutputLength: (width + 1) * height });
    return filtered.length === (width + 1) * height ? unfilter(filtered, width, height) : undefined;
  } catch {
    return undefined; // libvips says what is wrong with it.
  }
}

/** The content of the IDAT chunks; undefined where a chunk is damaged or asks for more than is done here. */
function imageData(file: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let start = headerEnd; start + 12 <= file.length; ) {
    const length = file.readUInt32BE(start);
    const end = start + 8 + length;
    if (end + 4 > file.length) return undefined;
    const type = file.toString('latin1', start + 4, start + 8);
    if (crc32(file.subarray(start + 4, end)) !== file.readUInt32BE(end)) return undefined;
    if (type === 'IEND') return parts.length === 1 ? parts[0] : Buffer.concat(parts);
    if (type === 'IDAT') parts.push(file.subarray(start + 8, end));
    else if (!harmless.has(type)) return undefined;
    start = end + 4;
  }
  return undefined;
}

/** Takes the filters off, row by row; undefined for a filter that there is none of. */
function unfilter(filtered: Uint8Array, width: number, height: number): Uint8Array | undefined {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const source = y * (width + 1);
    const filter = filtered[source]!;
    if (filter > 4) return undefined;
    for (let x = 0; x < width; x++) {
      const target = y * width + x;
      const left = x > 0 ? pixels[target - 1]! : 0;
      const above = y > 0 ? pixels[target - width]! : 0;
      const corner = x > 0 && y > 0 ? pixels[target - width - 1]! : 0;
      pixels[target] = filtered[source + 1 + x]! + predicted(filter, left, above, corner);
    }
  }
  return pixels;
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  return filter === 4 ? paeth(left, above, corner) : 0;
}

/** The neighbour that is nearest to `left + above - corner`. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
