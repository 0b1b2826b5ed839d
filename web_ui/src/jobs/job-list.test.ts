import { expect, test } from 'vitest';
import { isFiltered, listJobs, pageOf, placedJobs, readFilters, waitingLine } from './job-list.ts';
import { someJob } from './testing/some-job.ts';

const at = (second: number) => ({ created_at: `2026-11-21T10:00:0${second}.000Z` });
const ids = (jobs: { id: string }[]) => jobs.map(({ id }) => id);
const all = readFilters(new URLSearchParams());
const nobody = () => false;

test('the jobs of all lists are listed newest first, each once, as the first list knows it', () => {
  const live = [someJob('a', { ...at(1), status: 'succeeded' }), someJob('b', at(3))];
  const older = [someJob('a', at(1)), someJob('c', { ...at(2), tier: 'premium' })];
  const listed = listJobs([live, older], all, nobody);
  expect(ids(listed)).toEqual(['b', 'c', 'a']);
  expect(listed[2]!.status).toBe('succeeded');
});

test.each([
  ['tier=premium', ['b']],
  ['status=waiting', ['d', 'c']],
  ['status=running&dataset=kmnist', ['b']],
  ['mine=yes', ['a']],
  ['tier=gold&status=x&page=3', ['d', 'c', 'b', 'a']],
])('an address with %s lists these', (address, expected) => {
  const jobs = [
    someJob('a', at(1)),
    someJob('b', { ...at(2), tier: 'premium', dataset: 'kmnist' }),
    someJob('c', { ...at(3), status: 'queued' }),
    someJob('d', { ...at(4), status: 'starting' }),
  ];
  const filters = readFilters(new URLSearchParams(address));
  expect(ids(listJobs([jobs], filters, (id) => id === 'a'))).toEqual(expected);
  expect(isFiltered(filters)).toBe(expected.length < 4);
});

test('a page has its part of the list, and a number that there is no page for gives the nearest', () => {
  const list = Array.from({ length: 60 }, (_, index) => index);
  expect(pageOf(list, 3, 25)).toEqual({ items: list.slice(50), number: 3, pages: 3, first: 51, total: 60 });
  expect([9, 0, Number.NaN].map((number) => pageOf(list, number, 25).number)).toEqual([3, 1, 1]);
  expect(pageOf([], 1, 25)).toEqual({ items: [], number: 1, pages: 1, first: 0, total: 0 });
});

test('places are in the order in which they were taken, and the line in that in which they will be', () => {
  const jobs = [
    someJob('late', { started_at: '2026-11-21T10:00:05Z' }),
    someJob('starting', { status: 'starting', ...at(2) }),
    someJob('third', { status: 'queued', queue_position: 3 }),
    someJob('early', { started_at: '2026-11-21T10:00:01Z' }),
    someJob('first', { status: 'queued', queue_position: 1 }),
    someJob('ended', { status: 'cancelled' }),
  ];
  expect(ids(placedJobs(jobs))).toEqual(['early', 'late', 'starting']);
  expect(ids(waitingLine(jobs))).toEqual(['first', 'third']);
});
