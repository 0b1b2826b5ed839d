import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTestService } from '../testing/test-service.ts';

const made = (day: number, accuracy: number) => (description: object) => ({
  ...description,
  accuracy,
  created_at: `2026-01-0${day}T00:00:00Z`,
});
const versions = [
  { version: 3, created_at: '2026-01-03T00:00:00Z', accuracy: 0.99 },
  { version: 1, created_at: '2026-01-01T00:00:00Z', accuracy: 0.97 },
];

/** Three versions, of which the second is damaged. */
function startWithHistory() {
  return startTestService({
    models: [
      { version: 1, describe: made(1, 0.97) },
      { version: 2, describe: made(2, 0.98), damage: (network) => network.subarray(1) },
      { version: 3, describe: made(3, 0.99) },
    ],
  });
}

test('a model tells of its versions, the newest first, and not of damaged ones', async () => {
  const { inject } = await startWithHistory();
  const answer = (await inject({ url: '/models/mnist-cnn' })).json();
  expect([answer.version, answer.accuracy, answer.versions]).toEqual([3, 0.99, versions]);
});

test('an earlier version is told of on request, with the same list', async () => {
  const { inject } = await startWithHistory();
  const answer = (await inject({ url: '/models/mnist-cnn?version=1' })).json();
  expect([answer.version, answer.accuracy, answer.versions]).toEqual([1, 0.97, versions]);
});

test('a version that is not there, or cannot be used, is a 404 that says which there are', async () => {
  const { inject } = await startWithHistory();
  for (const version of [2, 4]) {
    const answer = await inject({ url: `/models/mnist-cnn?version=${version}` });
    expect([answer.statusCode, answer.json().detail]).toEqual([
      404,
      `there is no version ${version} of mnist-cnn; there are 3, 1`,
    ]);
  }
  expect((await inject({ url: '/models/mnist-cnn?version=x' })).statusCode).toBe(400);
});

test('while the store cannot be read, the version that is served is told of', async () => {
  const { inject, store } = await startWithHistory();
  store.remove();
  const answer = (await inject({ url: '/models/mnist-cnn' })).json();
  expect([answer.version, answer.versions]).toEqual([3, versions.slice(0, 1)]);
});

test('what is no file is not read, so that nobody waits for it', async () => {
  const { inject, store } = await startWithHistory();
  const folder = join(store.folder, 'mnist-cnn', '2');
  store.remove('mnist-cnn', 2);
  mkdirSync(folder);
  execFileSync('mkfifo', [join(folder, 'model.json')]);
  const answers = await Promise.all(Array.from({ length: 8 }, () => inject({ url: '/models/mnist-cnn' })));
  for (const answer of answers) expect([answer.statusCode, answer.json().versions]).toEqual([200, versions]);
});
