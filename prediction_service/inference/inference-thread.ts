// Runs in a thread of its own: one version of one network, for as long as that is served. ONNX Runtime computes on the
// thread that asks it, so nothing else may wait on this one; and it keeps memory of sessions that were released, so
// there is one session for a thread's whole life.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Batch, BatchAnswer, NetworkOptions } from './messages.ts';
import { softmaxRows } from './softmax.ts';

const { network, input, output, classes } = workerData as NetworkOptions;
const port = parentPort!;
const [, channels, rows, columns] = input.shape as number[];
const pixelsPerChannel = rows! * columns!;
const numbersPerImage = pixelsPerChannel * channels!;

/** For each channel, what each of the 256 byte values becomes. */
const scale = input.mean.map((mean, channel) =>
  Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / input.std[channel]!),
);

const session = await InferenceSession.create(network, {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
});

/** @param images bytes of `count` images, rows of pixels, the channels of a pixel beside each other */
async function predict(images: Uint8Array, count: number): Promise<Float32Array<ArrayBuffer>> {
  const numbers = new Float32Array(count * numbersPerImage);
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < channels!; channel++) {
      const values = scale[channel]!;
      const start = image * numbersPerImage;
      const target = start + channel * pixelsPerChannel;
      for (let pixel = 0; pixel < pixelsPerChannel; pixel++)
        numbers[target + pixel] = values[images[start + pixel * channels! + channel]!]!;
    }
  }
  const tensor = new Tensor('float32', numbers, [count, channels!, rows!, columns!]); // (count, channels, rows, columns)
  const { [output.name]: logits } = await session.run({ [input.name]: tensor }, [output.name]);
  if (logits?.type !== 'float32' || logits.size !== count * classes)
    throw new Error(
      `the network gives ${logits?.type} ${JSON.stringify(logits?.dims)}, not ${count} × ${classes} numbers`,
    );
  return softmaxRows(logits.data as Float32Array, classes);
}

// A network that does not fit its description is found here, before anybody is served by it.
for (const count of [2, 1]) {
  const probabilities = await predict(new Uint8Array(count * numbersPerImage), count);
  if (!probabilities.every(Number.isFinite)) throw new Error('the network gives numbers that are not finite');
}

port.on('message', async ({ images, count }: Batch) => {
  const start = performance.now();
  let answer: BatchAnswer;
  try {
    const probabilities = await predict(images, count);
    answer = { probabilities, milliseconds: performance.now() - start };
    port.postMessage(answer, [probabilities.buffer]);
  } catch (error) {
    answer = { error: (error as Error).message };
    port.postMessage(answer);
  }
});
port.postMessage('ready');
