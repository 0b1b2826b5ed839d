// When a pod is looked at: whenever something changed or a time has come, one pass at a time.
import { timerMs } from '../timers.ts';

/** After a pass that failed. */
const retryMs = 1_000;

export interface Passes {
  /** Makes a pass, now or right after the one that is under way. */
  request(): void;
  /** Makes one after so many milliseconds, or earlier. */
  requestIn(ms: number): void;
  /** Forgets what `requestIn` asked for. */
  cancelTimer(): void;
}

/**
 * Makes passes when they are requested; they never overlap, and each cancels the timer.
 * @param look one pass; when it fails, there is another one a little later
 */
export function createPasses(look: () => Promise<void>, onFault: (fault: Error) => void): Passes {
  let isUnderWay = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  /** When the timer ends (epoch ms). */
  let timerEndsAt = Number.POSITIVE_INFINITY;

  async function makePasses(): Promise<void> {
    isUnderWay = true;
    while (again) {
      again = false;
      cancelTimer();
      try {
        await look();
      } catch (fault) {
        onFault(fault as Error);
        requestIn(retryMs);
      }
    }
    isUnderWay = false;
  }

  function request(): void {
    again = true;
    if (!isUnderWay) void makePasses();
  }

  function requestIn(ms: number): void {
    const at = Date.now() + ms;
    if (timerEndsAt <= at) return;
    clearTimeout(timer);
    timerEndsAt = at;
    timer = setTimeout(request, timerMs(ms));
  }

  function cancelTimer(): void {
    clearTimeout(timer);
    timerEndsAt = Number.POSITIVE_INFINITY;
  }

  return { request, requestIn, cancelTimer };
}
