// The queue in front of a network's thread. What waits is looked at together, which costs less than one by one.
import { problem } from '@ml-job-mesh/http-service';
import type { PublishedModel } from '../model_store/read-model.ts';
import { type NetworkThread, startNetworkThread } from './network-thread.ts';

/** Predicts with one version of one model. */
export interface ModelRunner {
  /**
   * The probabilities of all classes for an image.
   * @param image bytes in rows of pixels, the channels of a pixel beside each other
   * @throws ServiceError 503 when too many images wait, or the network has failed
   */
  predict(image: Uint8Array): Promise<Float32Array>;
  /** How many images wait or are being looked at. */
  waiting(): number;
  /** Finishes what waits, and ends the thread. */
  stop(): Promise<void>;
}

export interface RunnerOptions {
  /** How long the last of the images that wait may have to wait, in milliseconds. */
  maxWaitMs?: number;
  onFailure?: (error: Error) => void;
  /** Told of each batch: how many images, and how long the network took. */
  onBatch?: (images: number, milliseconds: number) => void;
}

interface WaitingImage extends PromiseWithResolvers<Float32Array> {
  image: Uint8Array;
}

/** A batch keeps the thread for about so long, so that none waits for a long one. */
const batchMs = 25;
const maxBatch = 64;
/** So many may always wait, however slow the network is. */
const leastQueue = 16;

/**
 * Loads a network.
 * @throws Error when it cannot be used
 */
export async function startModelRunner(model: PublishedModel, options: RunnerOptions = {}): Promise<ModelRunner> {
  const { maxWaitMs = 1_000, onFailure = () => undefined, onBatch = () => undefined } = options;
  const classes = model.description.classes.length;
  const queue: WaitingImage[] = [];
  const thread: NetworkThread = await startNetworkThread(model, onFailure);
  let running = 0;
  let idle: PromiseWithResolvers<void> | undefined;
  /** What an image costs, as a moving average. */
  let msPerImage = 1;

  async function work(): Promise<void> {
    // What arrives in the same turn of the event loop goes into the same batch.
    await new Promise(setImmediate);
    while (queue.length > 0) {
      const most = Math.min(maxBatch, Math.max(1, Math.floor(batchMs / msPerImage)));
      const batch = queue.splice(0, most);
      running = batch.length;
      try {
        const { probabilities, milliseconds } = await thread.run(join(batch));
        msPerImage += 0.1 * (milliseconds / batch.length - msPerImage);
        onBatch(batch.length, milliseconds);
        for (const [i, { resolve }] of batch.entries()) resolve(probabilities.subarray(i * classes, (i + 1) * classes));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = 0;
    idle?.resolve();
  }

  return {
    predict(image) {
      if (queue.length >= leastQueue && queue.length * msPerImage > maxWaitMs)
        throw problem('overloaded', `${queue.length} images wait already`, { retryAfterSeconds: 1 });
      const waiting = { image, ...Promise.withResolvers<Float32Array>() };
      queue.push(waiting);
      if (running === 0 && queue.length === 1) void work();
      return waiting.promise;
    },
    waiting: () => queue.length + running,
    async stop() {
      if (queue.length + running > 0) {
        idle = Promise.withResolvers();
        await idle.promise;
      }
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
