import { expect, test } from 'vitest';
import { formatReport, type LocustEntry, readRows } from './report.ts';

const times = { start_time: 1_000, last_request_timestamp: 1_040 };
const entries: LocustEntry[] = [
  {
    ...times,
    method: 'POST',
    name: 'upload',
    num_requests: 102,
    num_failures: 2,
    response_times: { 10: 51, 30: 50, 900: 1 },
    last_request_timestamp: 1_050,
  },
  { ...times, method: 'POST', name: 'upload: refused', num_requests: 7, num_failures: 0, response_times: { 1: 7 } },
  { ...times, method: 'GET', name: 'read', num_requests: 1, num_failures: 1, response_times: {} },
];

test('what was refused stands beside what was answered, and its times do not make the others look faster', () => {
  expect(readRows(entries)).toEqual([
    { name: 'read', answered: 0, refused: 0, failed: 1, medianMs: Number.NaN, p99Ms: Number.NaN },
    { name: 'upload', answered: 100, refused: 7, failed: 2, medianMs: 10, p99Ms: 30 },
  ]);
});

test('the report is a table with rates over the time from the first request to the last', () => {
  expect(
    formatReport(entries)
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' ')),
  ).toEqual([
    '| | answered | a second | refused | failed | median ms | 99 % ms |',
    '| ------ | -------: | -------: | ------: | -----: | --------: | ------: |',
    '| read | 0 | 0.0 | 0 | 1 | | |',
    '| upload | 100 | 2.0 | 7 | 2 | 10 | 30 |',
  ]);
});
