// What a file is by its first bytes: what it is labelled as is anybody's word.
import { problem } from '@ml-job-mesh/http-service';

/** The kinds that are read, with their media types. */
export const readKinds = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  WebP: 'image/webp',
  GIF: 'image/gif',
  TIFF: 'image/tiff',
} as const;

export type ImageKind = keyof typeof readKinds;

const kindsList = Object.keys(readKinds).join(', ');

/** By the first bytes, as their specifications say; kinds that are not read are known to say so. */
const signatures: [name: string, matches: (file: Buffer) => boolean][] = [
  ['PNG', (file) => starts(file, '\x89PNG\r\n\x1a\n')],
  ['JPEG', (file) => starts(file, '\xff\xd8\xff')],
  ['WebP', (file) => starts(file, 'RIFF') && file.toString('latin1', 8, 12) === 'WEBP'],
  ['GIF', (file) => starts(file, 'GIF87a') || starts(file, 'GIF89a')],
  ['TIFF', (file) => starts(file, 'II*\0') || starts(file, 'MM\0*') || starts(file, 'II+\0') || starts(file, 'MM\0+')],
  ['BMP', (file) => starts(file, 'BM') && file.length > 26],
  ['PDF', (file) => starts(file, '%PDF')],
  ['HEIF', (file) => /^ftyp(hei|hev|mif1|msf1)/.test(file.toString('latin1', 4, 12))],
  ['AVIF', (file) => /^ftypavi/.test(file.toString('latin1', 4, 12))],
  [
    'SVG',
    (file) => /^\s*<(\?xml|!DOCTYPE svg|!--|svg)/i.test(file.toString('latin1', 0, 256).replace('\xef\xbb\xbf', '')),
  ],
];

function starts(file: Buffer, signature: string): boolean {
  return file.toString('latin1', 0, signature.length) === signature;
}

/**
 * The kind of an image.
 * @throws ServiceError 415 when it is of no kind that is read
 */
export function kindOf(file: Buffer): ImageKind {
  const name = signatures.find(([, matches]) => matches(file))?.[0];
  if (name !== undefined && name in readKinds) return name as ImageKind;
  const what = name === undefined ? 'this is no image that is known here' : `${name} is not read`;
  throw problem('unsupported_image', `${what}; send ${kindsList}`);
}
