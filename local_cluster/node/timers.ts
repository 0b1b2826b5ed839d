/** The longest that a timer can be set for (24.8 days); a longer one would end at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** A time in ms as timers take it. A pod may ask for 68 years. */
export function timerMs(ms: number): number {
  return Math.min(Math.max(0, ms), maxTimerMs);
}
