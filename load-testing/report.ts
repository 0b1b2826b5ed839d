// What Locust has counted, as a table: what was answered, what was refused in order, and what failed.
import { markdownTable } from '../bench/table.ts';

/** One kind of requests, as Locust's `--json-file` has it. */
export interface LocustEntry {
  method: string;
  name: string;
  num_requests: number;
  num_failures: number;
  /** Of the first request and the last, in seconds since 1970. */
  start_time: number;
  last_request_timestamp: number;
  /** How many took so many milliseconds; Locust rounds them to two digits. */
  response_times: Record<string, number>;
}

/** The end of the names that the users give to what was refused with a Retry-After. */
const refused = ': refused';

/** One row of the report. */
export interface Row {
  name: string;
  answered: number;
  refused: number;
  failed: number;
  /** Of what was answered, in milliseconds; NaN of nothing. */
  medianMs: number;
  p99Ms: number;
}

/** Brings together what was answered and what was refused of each kind, by name. */
export function readRows(entries: readonly LocustEntry[]): Row[] {
  const names = [...new Set(entries.map(({ name }) => nameOf(name)))].toSorted();
  return names.map((name) => {
    const own = entries.filter((entry) => entry.name === name);
    const others = entries.filter((entry) => entry.name === name + refused);
    const failed = sum(own, 'num_failures');
    // Locust does not say which of the times are of requests that failed: they are few, or the row says so.
    const times = own.flatMap(({ response_times }) => Object.entries(response_times));
    return {
      name,
      answered: sum(own, 'num_requests') - failed,
      refused: sum(others, 'num_requests'),
      failed: failed + sum(others, 'num_failures'),
      medianMs: quantileOf(times, 0.5),
      p99Ms: quantileOf(times, 0.99),
    };
  });
}

/** The rows as a table in Markdown, with rates over the time from the first request to the last. */
export function formatReport(entries: readonly LocustEntry[]): string {
  const rows = readRows(entries);
  const startedAt = Math.min(...entries.map(({ start_time }) => start_time));
  const seconds = Math.max(...entries.map(({ last_request_timestamp }) => last_request_timestamp)) - startedAt;
  const columns = ['', 'answered', 'a second', 'refused', 'failed', 'median ms', '99 % ms'];
  return markdownTable(
    columns,
    rows.map(({ name, answered, refused, failed, medianMs, p99Ms }) => [
      name,
      String(answered),
      (answered / seconds).toFixed(1),
      String(refused),
      String(failed),
      ...[medianMs, p99Ms].map((ms) => (Number.isNaN(ms) ? '' : ms.toFixed(0))),
    ]),
  );
}

function nameOf(name: string): string {
  return name.endsWith(refused) ? name.slice(0, -refused.length) : name;
}

function sum(entries: readonly LocustEntry[], count: 'num_requests' | 'num_failures'): number {
  return entries.reduce((total, entry) => total + entry[count], 0);
}

/** The time below which a share of the requests lies. */
function quantileOf(times: readonly [string, number][], share: number): number {
  const sorted = times.map(([ms, count]) => [Number(ms), count] as const).toSorted(([a], [b]) => a - b);
  const all = sorted.reduce((total, [, count]) => total + count, 0);
  let below = 0;
  for (const [ms, count] of sorted) {
    below += count;
    if (below >= share * all) return ms;
  }
  return Number.NaN;
}
