// The line in front of a network's thread. What waits is looked at together, which costs less than one by one.
import { problem } from '@ml-job-mesh/http-service';
import type { PublishedModel } from '../model_store/read-model.ts';
import { startNetworkThread } from './network-thread.ts';

/** Predicts with one version of one model. */
export interface ModelRunner {
  /**
   * The probabilities of all classes for an image.
   * @param image bytes in rows of pixels, the channels of a pixel beside each other
   * @throws ServiceError 503 when the network has failed
   */
  predict(image: Uint8Array): Promise<Float32Array>;
  /** How long an image that comes now would wait, as far as can be told. */
  expectedWaitMs(): number;
  /** Finishes what waits, and ends the thread. */
  stop(): Promise<void>;
}

export interface RunnerOptions {
  /** Told when the thread has ended by itself. */
  onFailure?: (error: Error) => void;
  /** Told of the images that were looked at together, and how long the network took. */
  onBatch?: (images: number, milliseconds: number) => void;
}

interface WaitingImage extends PromiseWithResolvers<Float32Array> {
  image: Uint8Array;
}

/** A batch keeps the thread for about so long, so that nobody waits for a long one. */
const batchMs = 25;
const maxBatch = 64;

/**
 * Loads a network.
 * @throws Error when it cannot be used
 */
export async function startModelRunner(model: PublishedModel, options: RunnerOptions = {}): Promise<ModelRunner> {
  const { onFailure, onBatch } = options;
  const { name, classes } = model.description;
  const thread = await startNetworkThread(model, onFailure);
  let queue: WaitingImage[] = [];
  let working: Promise<void> | undefined;
  /** What an image costs, as a moving average. */
  let msPerImage = 1;

  async function work(): Promise<void> {
    // What arrives in the same turn of the event loop goes into the same batch.
    await new Promise(setImmediate);
    while (queue.length > 0) {
      const size = Math.min(maxBatch, Math.max(1, Math.floor(batchMs / msPerImage)));
      const batch = queue.slice(0, size);
      queue = queue.slice(size);
      await runBatch(batch);
    }
    working = undefined;
  }

  async function runBatch(batch: WaitingImage[]): Promise<void> {
    try {
      const { probabilities, milliseconds } = await thread.run(join(batch));
      msPerImage += 0.1 * (milliseconds / batch.length - msPerImage);
      onBatch?.(batch.length, milliseconds);
      for (const [i, { resolve }] of batch.entries())
        resolve(probabilities.subarray(i * classes.length, (i + 1) * classes.length));
    } catch (cause) {
      const failure = problem('not_ready', `the network of ${name} has failed`, { retryAfterSeconds: 2, cause });
      for (const { reject } of batch) reject(failure);
    }
  }

  return {
    predict(image) {
      const waiting = { image, ...Promise.withResolvers<Float32Array>() };
      queue.push(waiting);
      working ??= work();
      return waiting.promise;
    },
    expectedWaitMs: () => queue.length * msPerImage,
    async stop() {
      await working;
      await thread.stop();
    },
  };
}

function join(batch: WaitingImage[]) {
  const size = batch[0]!.image.length;
  const images = new Uint8Array(batch.length * size);
  for (const [i, { image }] of batch.entries()) images.set(image, i * size);
  return { images, count: batch.length };
}
