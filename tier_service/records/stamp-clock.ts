/**
 * A hybrid logical clock: its stamps follow the time of day in microseconds, always grow, and are greater than any
 * stamp seen, so that replicas whose clocks differ still agree on who came first.
 * Source: Kulkarni et al., "Logical Physical Clocks", OPODIS 2014, in one number.
 */
export function createStampClock(now: () => number = Date.now) {
  let highest = 0;
  return {
    /** A stamp greater than all before, in 16 digits, so that stamps sort as text. */
    next(): string {
      highest = Math.max(now() * 1_000, highest + 1);
      return String(highest).padStart(16, '0');
    },
    /** Takes note of a stamp that another replica gave. */
    saw(stamp: string | undefined): void {
      const value = Number(stamp);
      if (Number.isSafeInteger(value) && value > highest) highest = value;
    },
  };
}

export type StampClock = ReturnType<typeof createStampClock>;
