export interface ServerClockOptions {
  /** The machine's time of day, in milliseconds since 1970. */
  timeOfDay?: () => number;
  /** Milliseconds since some moment, at a steady pace. */
  elapsed?: () => number;
}

/** How far two clocks may drift apart while nothing is heard of one; NTP never corrects faster than half of this. */
const driftPerMs = 0.001;

/**
 * The time of day as far as it can be the API server's. Each of its answers says its time, cut to the second: that time
 * lies between when the request was sent and when the answer came. A few answers narrow the difference between the clocks down
 * to about the time that an answer takes. Where this machine's own clock lies outside, the nearest time inside is given.
 * Source: K. Marzullo, "Maintaining the Time in a Distributed System", 1984: the intersection of intervals.
 */
export function createServerClock({
  timeOfDay = Date.now,
  elapsed = performance.now.bind(performance),
}: ServerClockOptions = {}) {
  /** The least and the greatest that the server's time can be ahead of `elapsed`. */
  let least = Number.NEGATIVE_INFINITY;
  let greatest = Number.POSITIVE_INFINITY;
  let notedAt = 0;

  function widen(): number {
    const now = elapsed();
    const drift = (now - notedAt) * driftPerMs;
    least -= drift;
    greatest += drift;
    notedAt = now;
    return now;
  }

  return {
    elapsed,

    /**
     * Takes note of an answer.
     * @param date its `Date` header
     * @param sentAt `elapsed` when its request was sent
     */
    note(date: string | undefined, sentAt: number): void {
      const time = Date.parse(date ?? '');
      if (Number.isNaN(time)) return;
      const now = widen();
      const seen = { least: time - now, greatest: time + 1_000 - sentAt };
      least = Math.max(least, seen.least);
      greatest = Math.min(greatest, seen.greatest);
      // The clock was set, or another API server answers: what was known before no longer holds.
      if (least > greatest) ({ least, greatest } = seen);
    },

    /** In milliseconds since 1970. */
    now(): number {
      const now = widen();
      return Math.floor(Math.min(Math.max(timeOfDay(), now + least), now + greatest));
    },
  };
}
