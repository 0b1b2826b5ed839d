// Reading a large image takes much memory and all of a core, so that only a few are read at a time.
import { problem } from '@ml-job-mesh/http-service';
import { limits } from '../limits.ts';

export type DecodeQueue = ReturnType<typeof createDecodeQueue>;

/** What a call reads its images by. */
export interface Decoder {
  /**
   * Runs some work when it is its turn.
   * @throws ServiceError 503 when the call has come at a time when it would wait for too long, or its signal's reason
   */
  run<T>(decode: () => Promise<T>): Promise<T>;
}

/** A line in front of what reads images; it is for one service, whatever its models. */
export function createDecodeQueue(atATime: number = limits.decodesAtATime) {
  const waiting: (() => void)[] = [];
  let running = 0;
  /** What an image takes, as a moving average. */
  let msPerImage = 5;

  async function run<T>(decode: () => Promise<T>, signal: AbortSignal): Promise<T> {
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
     * Lets a call into the line, with all of its images.
     * @param signal aborted when nobody waits for the call any more: what has not begun by then is not done
     */
    forCall(signal: AbortSignal): Decoder {
      // Before its own images stand there.
      const waitMs = (waiting.length * msPerImage) / atATime;
      return {
        async run(decode) {
          if (waitMs > limits.waitMs) throw tooLong(waitMs);
          return run(decode, signal);
        },
      };
    },
    waiting: () => waiting.length + running,
  };
}

/** Whoever would have to wait for too long had better try again than be answered when nobody listens any more. */
export function tooLong(waitMs: number) {
  const detail = `an image would have to wait for ${Math.round(waitMs)} ms`;
  return problem('overloaded', detail, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
}
