// Whatever a benchmark starts is ended with it, also when it is interrupted.

const signals = { SIGINT: 130, SIGTERM: 143 };

/**
 * Runs some work and then undoes everything that it put on the stack, the last first. Ctrl-C and SIGTERM undo it too
 * and end the program.
 */
export async function withCleanUp<T>(work: (stack: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const stack = new AsyncDisposableStack();
  let interruptedWith: number | undefined;
  const listeners = Object.entries(signals).map(([signal, exitCode]) => {
    const interrupt = () => {
      if (interruptedWith !== undefined) return;
      interruptedWith = exitCode;
      console.error('interrupted; ending what was started');
      void stack.disposeAsync().finally(() => process.exit(exitCode));
    };
    process.on(signal, interrupt);
    return () => process.off(signal, interrupt);
  });
  try {
    return await work(stack);
  } catch (error) {
    // What fails because it was ended from under the work is no news; the clean-up ends the program.
    if (interruptedWith !== undefined) await new Promise(() => undefined);
    throw error;
  } finally {
    if (interruptedWith === undefined) await stack.disposeAsync();
    for (const stop of listeners) stop();
  }
}

/**
 * Starts something that takes a while; if the work is interrupted meanwhile, it is ended as soon as it has started.
 * Throws what the start throws.
 */
export async function started<T>(
  stack: AsyncDisposableStack,
  start: () => Promise<T>,
  stop: (thing: T) => Promise<unknown>,
): Promise<T> {
  const starting = start();
  stack.defer(async () => {
    const thing = await starting.catch(() => undefined);
    if (thing !== undefined) await stop(thing);
  });
  return await starting;
}
