// How much a call may ask for, and how much may be asked for at a time. The documentation says the same numbers.
const mebi = 1_024 * 1_024;

export const limits = {
  /** The longest body, in bytes. */
  bodyBytes: 16 * mebi,
  /** The longest body of pixels as JSON, which is read in one go. */
  jsonBytes: 2 * mebi,
  /** How long a body may take to arrive. */
  uploadSeconds: 30,
  /** A body that comes slower, from its beginning on average, is not waited for. */
  slowestUpload: { bytesPerSecond: 64 * 1_024, afterMs: 2_000 },
  /** Width times height of one image. */
  pixels: 32_000_000,
  /** Of all images of a call together: some seconds' work. */
  pixelsPerCall: 100_000_000,
  /** Of an animation, or the pages of a TIFF; the first is the one that counts. */
  frames: 100,
  imagesPerCall: 100,
  /** How long one image may take to be read. */
  decodeSeconds: 10,
  /** How many images are read at a time, beside small PNGs; of one call one. */
  decodesAtATime: 2,
  /** A call is refused if its images would have to wait for longer. */
  waitMs: 1_000,
  /** A call is refused if the images of all the others take longer: the front proxy waits for 30 s. */
  backlogMs: 10_000,
  /** How many calls are answered at a time. */
  callsAtATime: 128,
  /** What has come of the bodies of all calls that are being answered or still arrive, in bytes. */
  bytesAtATime: 256 * mebi,
} as const;
