/**
 * Runs the steps of an installation side by side, each as soon as what it needs is there, and shows what each
 * is doing, how far it is and how long it took.
 */
import { createScreen, type Output, type Screen } from './screen.ts';

/** What a step is given besides the results of the steps that it needs. */
export interface StepContext {
  /** Shows what the step is doing now and how far it is; the latest text counts. */
  say(text: string): void;
  /** Aborted when another step has failed or the user has had enough. */
  signal: AbortSignal;
}

/** A step's result, and what to show when it is done; nothing to show if it was there from before. */
export interface StepResult<T> {
  value: T;
  done?: string;
  /** What is missing, where the rest can do without. */
  warning?: string;
}

/** The values that promises stand for. */
type Values<Needs extends readonly Promise<unknown>[]> = { [K in keyof Needs]: Awaited<Needs[K]> };

/** Steps that run side by side. */
export interface StepRunner {
  /**
   * Adds a step; it begins when all that it needs is there. Gives its value; rejects if it, or what it needs, fails.
   */
  step<T, Needs extends readonly Promise<unknown>[]>(
    title: string,
    needs: readonly [...Needs],
    work: (context: StepContext, ...values: Values<Needs>) => Promise<StepResult<T>>,
  ): Promise<T>;
  /**
   * Waits for all steps.
   * @throws StepError of the first that failed, once the others have stopped
   */
  finish(): Promise<void>;
}

/** A step that failed; its message is one line for the user. */
export class StepError extends Error {
  override name = 'StepError';
}

/**
 * Makes a runner.
 * @param cancel aborted when the user wants it to stop
 */
export function createStepRunner(output: Output, cancel?: AbortSignal): StepRunner {
  const screen = createScreen(output);
  const failure = new AbortController();
  const signal = cancel ? AbortSignal.any([cancel, failure.signal]) : failure.signal;
  const all: Promise<unknown>[] = [];

  return {
    step(title, needs, work) {
      const running = (async () => {
        const values = (await Promise.all(needs)) as Values<typeof needs>;
        signal.throwIfAborted();
        return runStep(screen, title, signal, (context) => work(context, ...values));
      })();
      running.catch((error) => failure.abort(error));
      all.push(running);
      return running;
    },
    async finish() {
      await Promise.allSettled(all);
      screen.close();
      if (cancel?.aborted) throw new StepError('stopped before everything was ready');
      if (failure.signal.aborted) throw failure.signal.reason;
    },
  };
}

async function runStep<T>(
  screen: Screen,
  title: string,
  signal: AbortSignal,
  work: (context: StepContext) => Promise<StepResult<T>>,
): Promise<T> {
  const line = screen.begin(title);
  try {
    const { value, done, warning } = await work({ say: (text) => line.say(text), signal });
    if (warning === undefined) line.end(done);
    else line.warn(warning);
    return value;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (signal.aborted) line.end();
    else line.fail(message);
    throw new StepError(`${title}: ${message}`, { cause: error });
  }
}
