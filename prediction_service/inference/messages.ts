// What is said between the service and the threads that its networks run in.
import type { ModelDescription } from '../model_store/model-description.ts';

/** What a thread is started with. */
export interface NetworkOptions extends Pick<ModelDescription, 'input' | 'output'> {
  /** The bytes of the ONNX file. */
  network: Uint8Array;
  /** How many numbers it gives for an image. */
  classes: number;
}

/** Images to be looked at together, as bytes: rows of pixels, the channels of a pixel beside each other. */
export interface Batch {
  images: Uint8Array;
  count: number;
}

/** For each image the probabilities of all classes, one after the other; or why there are none. */
export type BatchAnswer = { probabilities: Float32Array; milliseconds: number } | { error: string };
