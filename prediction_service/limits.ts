// How much a call may ask for. The documentation and the messages say the same numbers.
const mebi = 1_024 * 1_024;

export const limits = {
  /** The longest body, in bytes. */
  bodyBytes: 16 * mebi,
  /** How long a body may take to arrive. */
  uploadSeconds: 30,
  /** The longest body of pixels as JSON, which is read in one go. */
  jsonBytes: 2 * mebi,
  /** Width times height of one image. */
  pixels: 32_000_000,
  /** Of an animation, or the pages of a TIFF; the first is the one that counts. */
  frames: 100,
  imagesPerCall: 100,
  /** How long one image may take to be read, in seconds. */
  decodeSeconds: 5,
  /** How many images are read at a time, beside small ones. */
  decodesAtATime: 2,
  /** How many images may wait to be read. */
  decodeQueue: 64,
} as const;
