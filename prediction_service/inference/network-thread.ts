import { Worker } from 'node:worker_threads';
import type { PublishedModel } from '../model_store/read-model.ts';
import type { Batch, BatchAnswer, NetworkOptions } from './messages.ts';

type Answer = Exclude<BatchAnswer, { error: string }>;

/** A thread that has loaded one version of a network. */
export interface NetworkThread {
  /**
   * Looks at some images; one call at a time. The batch's memory goes to the thread.
   * @throws Error when the network fails, or its thread has ended
   */
  run(batch: Batch): Promise<Answer>;
  stop(): Promise<void>;
}

const startWithinMs = 60_000;

/**
 * Loads a network in a thread of its own and tries it.
 * @param onFailure called if the thread ends by itself once it has loaded the network
 * @throws Error when the network cannot be loaded, does not fit its description, or takes too long
 */
export async function startNetworkThread(
  { description, network }: PublishedModel,
  onFailure: (error: Error) => void = () => undefined,
): Promise<NetworkThread> {
  const { input, output, classes } = description;
  const options: NetworkOptions = { network, input, output, classes: classes.length };
  const thread = new Worker(new URL('./inference-thread.ts', import.meta.url), { workerData: options });
  let ended: Error | undefined;
  /** Whether an end would be a surprise. */
  let isRunning = false;
  let waiting: PromiseWithResolvers<unknown> | undefined = Promise.withResolvers();
  const end = (error: Error) => {
    if (ended) return;
    ended = error;
    waiting?.reject(error);
    if (isRunning) onFailure(error);
  };
  thread.on('message', (answer) => waiting?.resolve(answer));
  thread.on('error', (error) => end(error as Error));
  thread.on('exit', (code) => end(new Error(`the network's thread ended with ${code}`)));

  async function stop(): Promise<void> {
    isRunning = false;
    await thread.terminate();
  }

  const giveUp = setTimeout(
    () => end(new Error(`the network was not loaded within ${startWithinMs / 1_000} s`)),
    startWithinMs,
  );
  try {
    await waiting.promise;
    isRunning = true;
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(giveUp);
  }
  return {
    async run(batch) {
      if (ended) throw ended;
      waiting = Promise.withResolvers();
      thread.postMessage(batch, [batch.images.buffer as ArrayBuffer]);
      const answer = (await waiting.promise) as BatchAnswer;
      if ('error' in answer) throw new Error(answer.error);
      return answer;
    },
    stop,
  };
}
