// Reading a large image takes much memory and all of a core, so that only a few are read at a time.
import { limits } from '../limits.ts';

export type DecodeQueue = ReturnType<typeof createDecodeQueue>;

/** A line in front of what reads images; it is for one service, whatever its models. */
export function createDecodeQueue(atATime: number = limits.decodesAtATime) {
  const waiting: (() => void)[] = [];
  let running = 0;
  /** What an image takes, as a moving average. */
  let msPerImage = 5;

  return {
    /** Runs some work when it is its turn. */
    async run<T>(decode: () => Promise<T>): Promise<T> {
      if (running >= atATime) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
      const start = performance.now();
      try {
        return await decode();
      } finally {
        msPerImage += 0.1 * (performance.now() - start - msPerImage);
        // Whoever is next takes over the place, so that nobody slips in between.
        const next = waiting.shift();
        if (next) next();
        else running--;
      }
    },
    /** How long one that comes now would wait, as far as can be told. */
    expectedWaitMs: () => (waiting.length * msPerImage) / atATime,
    waiting: () => waiting.length + running,
  };
}
