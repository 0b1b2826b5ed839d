// What a file is by its first bytes, and whether it is labelled as something else.
import { problem } from '@ml-job-mesh/http-service';

/** The kinds that are read, with the media types that they are labelled as. */
export const readKinds = {
  PNG: ['image/png', 'image/x-png', 'image/apng'],
  JPEG: ['image/jpeg', 'image/jpg', 'image/pjpeg'],
  WebP: ['image/webp'],
  GIF: ['image/gif'],
  TIFF: ['image/tiff', 'image/tiff-fx', 'image/x-tiff'],
} as const;

export type ImageKind = keyof typeof readKinds;

const kindsList = Object.keys(readKinds).join(', ');

/** By the first bytes, as their specifications say; those that are not read are known in order to say so. */
const signatures: [name: string, matches: (file: Buffer) => boolean][] = [
  ['PNG', (file) => starts(file, '\x89PNG\r\n\x1a\n')],
  ['JPEG', (file) => starts(file, '\xff\xd8\xff')],
  ['WebP', (file) => starts(file, 'RIFF') && file.toString('latin1', 8, 12) === 'WEBP'],
  ['GIF', (file) => starts(file, 'GIF87a') || starts(file, 'GIF89a')],
  ['TIFF', (file) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((signature) => starts(file, signature))],
  ['BMP', (file) => starts(file, 'BM') && file.length > 26],
  ['PDF', (file) => starts(file, '%PDF')],
  ['HEIF', (file) => /^ftyp(hei|hev|mif1|msf1)/.test(file.toString('latin1', 4, 12))],
  ['AVIF', (file) => /^ftypavi/.test(file.toString('latin1', 4, 12))],
  ['SVG', (file) => /^(\xef\xbb\xbf)?\s*<(\?xml|!DOCTYPE svg|!--|svg)/i.test(file.toString('latin1', 0, 256))],
];

function starts(file: Buffer, signature: string): boolean {
  return file.toString('latin1', 0, signature.length) === signature;
}

/**
 * The kind of an image.
 * @param label the media type that it was sent as; empty if it was not said
 * @throws ServiceError 415 when it is of no kind that is read, or of another kind than it is labelled as
 */
export function kindOf(file: Buffer, label: string): ImageKind {
  const name = signatures.find(([, matches]) => matches(file))?.[0];
  if (name === undefined) throw problem('unsupported_image', `this is no image that is known here; send ${kindsList}`);
  if (!(name in readKinds)) throw problem('unsupported_image', `${name} is not read; send ${kindsList}`);
  const kind = name as ImageKind;
  const mediaType = label.split(';')[0]!.trim().toLowerCase();
  if (
    mediaType.startsWith('image/') &&
    mediaType !== 'image/*' &&
    !readKinds[kind].some((each) => each === mediaType)
  ) {
    throw problem(
      'unsupported_image',
      `it is labelled ${mediaType.slice(0, 60)}, but is a ${kind}; label it ${readKinds[kind][0]} or application/octet-stream`,
    );
  }
  return kind;
}
