// For tests: bodies of requests, written byte by byte, so that what is wrong with them is what a test says.
import { crc32, deflateSync } from 'node:zlib';

/** A PNG in 8-bit grey; its data need not fit its header. */
export function pngOf(pixels: Uint8Array, width = 28, height = 28): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const rows = Buffer.alloc(Math.ceil(pixels.length / width) * (width + 1));
  for (let y = 0; y * width < pixels.length; y++)
    rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A chunk of a PNG, with its length and checksum. */
export function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([ends.subarray(0, 4), content, ends.subarray(4)]);
}

const boundary = 'a-boundary-of-tests';

/** A form with a file for each image, and the header that belongs to it. */
export function formOf(files: { bytes: Buffer; type?: string }[]) {
  const parts = files.flatMap(({ bytes, type = 'application/octet-stream' }, i) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file${i}"; filename="${i}"\r\n`),
    Buffer.from(`Content-Type: ${type}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
  return {
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
