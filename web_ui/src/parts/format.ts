/** Figures and times as the page writes them. */

const share = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const accuracy = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' });

/** A share of 1 as `99.8 %`; one that is not quite all is not rounded up to all. */
export function formatShare(value: number): string {
  const isAlmostAll = value < 1 && value >= 0.9995;
  return isAlmostAll ? '> 99.9 %' : `${share.format(value * 100)} %`;
}

/** A share of 1 with what accuracies differ in, `98.93 %`. */
export const formatAccuracy = (value: number): string => `${accuracy.format(value * 100)} %`;

/** A count, `10,000`. */
export const formatCount = (value: number): string => whole.format(value);

/** The time of day, `18:03:22`. */
export const formatTime = (at: Date): string => time.format(at);

/** The day, `2026-11-21`. */
export const formatDay = (at: Date): string => day.format(at);

/** Bytes, `437 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${whole.format(bytes / 1e3)} kB`;
  return `${share.format(bytes / 1e6)} MB`;
}

/** Milliseconds of computing, `0.4 ms`. */
export function formatMilliseconds(ms: number): string {
  return `${ms < 10 ? share.format(ms) : whole.format(ms)} ms`;
}

/** An id cut at its front, where those of one kind are alike: `…k2enitm6a6kb2nt`. */
export function shortId(id: string, length = 15): string {
  return id.length > length ? `…${id.slice(-length)}` : id;
}
