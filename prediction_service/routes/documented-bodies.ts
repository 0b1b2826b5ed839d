// The bodies that a prediction takes, for the documentation. What comes is read for what it is, not by these schemas.
import { Type } from 'typebox';
import { readKinds } from '../images/image-kind.ts';
import { limits } from '../limits.ts';

const mebi = 1_024 ** 2;
const binary = Type.String({ format: 'binary' });

const Image = Type.Array(Type.Array(Type.Integer({ minimum: 0, maximum: 255 })), {
  description:
    'Rows of pixels, for a digit 28 of 28 each, bright ink on black; a pixel of a photo is `[red, green, blue]`.',
});

const Pixels = Type.Object({
  image: Type.Optional(Image),
  images: Type.Optional(Type.Array(Image, { minItems: 1, maxItems: limits.imagesPerCall })),
});

const blank = Array.from({ length: 28 }, () => Array<number>(28).fill(0));

const Form = Type.Object(
  { image: Type.Array(binary, { maxItems: limits.imagesPerCall }) },
  { description: 'Each part is a file, whatever its name.' },
);

/** By media type, in OpenAPI's form. */
export const predictionBody = {
  content: {
    'multipart/form-data': { schema: Form },
    'application/json': { schema: Pixels, example: { image: blank } },
    ...Object.fromEntries(Object.values(readKinds).map(([mediaType]) => [mediaType, { schema: binary }])),
    'application/octet-stream': { schema: binary },
  },
};

/** What cannot be said in schemas. */
export const describeBodies = `
Send one image as the body, several as the files of a form, or pixels as JSON. What the body holds counts: an image may come
under any media type that is not another image's.

- ${Object.keys(readKinds).join(', ')}; of an animation, the first frame. Not SVG, PDF, HEIC or BMP.
- A grey image of 28 × 28 is used as it is. From any other, a digit is prepared as MNIST's authors did: what is ink is told from
  what is behind it, its box is scaled to 20 × 20, and its centre of mass put in the middle of 28 × 28.
- A photo is scaled and cut to its middle, as the network was trained on.

At most ${limits.imagesPerCall} images and ${limits.bodyBytes / mebi} MiB a call (${limits.jsonBytes / mebi} MiB of JSON),
${limits.pixels / 1e6} million pixels and ${limits.frames} frames an image, ${limits.pixelsPerCall / 1e6} million pixels in
all images of a call, ${limits.uploadSeconds} s to send it, at no less than ${limits.slowestUpload.bytesPerSecond / 1_024} KiB/s, and
${limits.decodeSeconds} s to read each. All images of a call are looked at by the same version of the model.`.trim();
