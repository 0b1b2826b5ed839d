/** Ctrl-C, SIGTERM and a closed terminal: the first stops in order, a second one at once. */

/** npm passes on a Ctrl-C that the terminal has sent here already, so one press may arrive twice. */
const onePressMs = 700;

/** What to do, and the first signal's effect on whatever is going on. */
export interface StopSignals {
  /** Aborted by the first signal. */
  readonly stopped: AbortSignal;
}

/** Listens for the signals from now on; `force` is called by a second one. */
export function listenForStop(force: () => void): StopSignals {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const onSignal = () => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      controller.abort();
    } else if (performance.now() - firstAt > onePressMs) {
      force();
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  // A terminal that is gone must not keep the rest from being stopped.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return { stopped: controller.signal };
}
