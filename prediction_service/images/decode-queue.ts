// Reading a large image takes much memory and all of a core, so that only a few are read at a time.
import { problem } from '@ml-job-mesh/http-service';
import { limits } from '../limits.ts';
import type { CountPixels } from './decode.ts';

export type DecodeQueue = ReturnType<typeof createDecodeQueue>;

/** What a call reads its images by. */
export interface Decoder {
  /**
   * Runs some work when it is its turn, after what the call has asked for before.
   * @throws ServiceError 503 when the call has come at a time when it would wait for too long, or its signal's reason
   */
  run<T>(decode: () => Promise<T>): Promise<T>;
  countPixels: CountPixels;
}

/** A line in front of what reads images; it is for one service, whatever its models. */
export function createDecodeQueue(atATime: number = limits.decodesAtATime) {
  const waiting: (() => void)[] = [];
  let running = 0;
  /** Images of all calls that are not read yet. */
  let pending = 0;
  /** What an image takes, as a moving average. */
  let msPerImage = 5;

  async function run<T>(decode: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (running >= atATime) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      signal.throwIfAborted();
      const start = performance.now();
      try {
        return await decode();
      } finally {
        msPerImage += 0.1 * (performance.now() - start - msPerImage);
      }
    } finally {
      // Whoever is next takes over the place, so that nobody slips in between.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  }

  return {
    /**
     * Lets a call into the line: with one image after the other, so that no call keeps others from being read.
     * @param signal aborted when nobody waits for the call any more: what has not begun by then is not done
     */
    forCall(signal: AbortSignal): Decoder {
      // Before its own images stand there.
      const waitMs = (waiting.length * msPerImage) / atATime;
      const backlogMs = (pending * msPerImage) / atATime;
      const countPixels = createPixelCount();
      let last: Promise<unknown> = Promise.resolve();
      return {
        countPixels,
        async run(decode) {
          if (waitMs > limits.waitMs || backlogMs > limits.backlogMs) throw tooLong(Math.max(waitMs, backlogMs));
          pending++;
          const result = last.then(() => run(decode, signal)).finally(() => pending--);
          // What became of one image is no matter of the next.
          last = result.catch(() => {});
          return result;
        },
      };
    },
    waiting: () => pending,
  };
}

/** Small files may hold many pixels: those of a call are counted together. */
function createPixelCount(): CountPixels {
  let sum = 0;
  return (pixels) => {
    sum += pixels;
    if (sum <= limits.pixelsPerCall) return;
    const most = `${limits.pixelsPerCall / 1e6} million`;
    throw problem(
      'image_too_large',
      `the images of the call have more than ${most} pixels together; send them in parts`,
    );
  };
}

/** Whoever would have to wait for too long had better try again than be answered when nobody listens any more. */
export function tooLong(waitMs: number) {
  const detail = `an image would have to wait for ${Math.round(waitMs)} ms`;
  return problem('overloaded', detail, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
}
