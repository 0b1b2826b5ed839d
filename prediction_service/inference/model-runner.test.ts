import { expect, onTestFinished, test } from 'vitest';
import { readModel } from '../model_store/read-model.ts';
import { createTestStore } from '../testing/test-store.ts';
import { startModelRunner } from './model-runner.ts';

async function startRunner(model: Parameters<ReturnType<typeof createTestStore>['publish']>[0]) {
  const store = createTestStore();
  const { name, version } = store.publish(model);
  const batches: number[] = [];
  const runner = await startModelRunner(await readModel(`${store.folder}/${name}/${version}`, { name, version }), {
    onBatch: (images) => batches.push(images),
  });
  onTestFinished(runner.stop);
  return { runner, batches };
}

const weights = Array.from({ length: 10 }, (_, i) => Array.from({ length: 784 }, (_, p) => (p === i ? 10 : 0)));
const imageOf = (classNumber: number) => Uint8Array.from({ length: 784 }, (_, p) => (p === classNumber ? 255 : 0));

test('what waits is looked at together, and each image gets its own answer', async () => {
  const { runner, batches } = await startRunner({ weights });
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => runner.predict(imageOf(i % 10))));
  expect(answers.map((each) => each.indexOf(Math.max(...each)))).toEqual(Array.from({ length: 200 }, (_, i) => i % 10));
  expect(batches.reduce((sum, images) => sum + images, 0)).toBe(200);
  expect(batches.length).toBeLessThan(50);
  for (const probabilities of answers) expect(probabilities.reduce((sum, each) => sum + each)).toBeCloseTo(1, 5);
});

test('how long one would wait grows with what waits, and is nothing when all is done', async () => {
  const { runner } = await startRunner({ weights });
  const answers = Array.from({ length: 100 }, () => runner.predict(imageOf(1)));
  expect(runner.expectedWaitMs()).toBeGreaterThan(0);
  await Promise.all(answers);
  expect(runner.expectedWaitMs()).toBe(0);
});

test('a runner that is stopped finishes what waits', async () => {
  const { runner } = await startRunner({ weights });
  const answers = Array.from({ length: 100 }, () => runner.predict(imageOf(1)));
  await runner.stop();
  expect(await Promise.all(answers)).toHaveLength(100);
});
