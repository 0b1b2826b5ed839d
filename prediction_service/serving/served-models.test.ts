import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { ModelDescription } from '../model_store/model-description.ts';
import { type Answer, startTestService } from '../testing/test-service.ts';

const black = { image: Array.from({ length: 28 }, () => Array(28).fill(0)) };
/** A network that takes everything for one class. */
const sayingOnly = (classNumber: number) => ({
  biases: Array.from({ length: 10 }, (_, i) => (i === classNumber ? 9 : 0)),
});
const photo = { name: 'image', shape: [null, 3, 224, 224], preparation: 'photo', mean: [0, 0, 0], std: [1, 1, 1] };
const patience = { timeout: 20_000, interval: 20 };
const faults = ['a published model cannot be used and is passed over'];

describe('a new version', () => {
  test('is served as soon as it is there, while each call is answered wholly by one version and none fails', async () => {
    // The detours make calls last long enough for versions to change while they are answered.
    const { post, store } = await startTestService({ models: [{ ...sayingOnly(1), detours: 20 }] });
    const images = { images: Array(20).fill(black.image) };
    let isOver = false;
    const seen: { version: number; classes: number[]; status: number }[] = [];
    const ask = async () => {
      while (!isOver) {
        const answer = await post(images);
        const { version, predictions } = answer.json<Answer>();
        seen.push({ status: answer.statusCode, version, classes: predictions.map(({ classes }) => classes[0]!.class) });
      }
    };
    const asking = Promise.all(Array.from({ length: 4 }, ask));
    for (let version = 2; version <= 5; version++) {
      store.publish({ ...sayingOnly(version), version, detours: 20 });
      await vi.waitFor(() => expect(seen.at(-1)?.version).toBe(version), patience);
    }
    isOver = true;
    await asking;
    for (const { status, version, classes } of seen) expect([status, classes]).toEqual([200, Array(20).fill(version)]);
    expect([...new Set(seen.map(({ version }) => version))].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test('that was taken away makes room for the one before it', async () => {
    const { post, store } = await startTestService({ models: [sayingOnly(1), { ...sayingOnly(2), version: 2 }] });
    const version = async () => (await post(black)).json<Answer>().version;
    expect(await version()).toBe(2);
    store.remove('mnist-cnn', 2);
    await vi.waitFor(async () => expect(await version()).toBe(1), patience);
  });

  test('that was taken away makes room also where a file keeps its number from being used again', async () => {
    const { post, store } = await startTestService({ models: [sayingOnly(1), { ...sayingOnly(2), version: 2 }] });
    store.remove('mnist-cnn', 2);
    writeFileSync(join(store.folder, 'mnist-cnn', '2'), '');
    const version = async () => (await post(black)).json<Answer>().version;
    await vi.waitFor(async () => expect(await version()).toBe(1), patience);
  });

  test('of the same number but another content replaces the one that is served', async () => {
    const { post, store } = await startTestService({ models: [sayingOnly(1)] });
    store.remove('mnist-cnn');
    store.publish(sayingOnly(7));
    const best = async () => (await post(black)).json<Answer>().predictions[0]!.classes[0]!.class;
    await vi.waitFor(async () => expect(await best()).toBe(7), patience);
  });
});

describe('what is not what a writer has finished', () => {
  test.each([
    ['a network that was changed', { damage: (network: Buffer) => Buffer.from(network).fill(1, 40, 44) }, 'SHA-256'],
    ['a network that was cut off', { damage: (network: Buffer) => network.subarray(0, 100) }, 'has 100 bytes'],
    ['a description of another version', { describe: (own: object) => ({ ...own, version: 9 }) }, 'it is mnist-cnn 9'],
    ['a description of another format', { describe: (own: object) => ({ ...own, format: 2 }) }, 'format'],
    ['a description without classes', { describe: (own: object) => ({ ...own, classes: [] }) }, 'classes'],
    [
      'too few classes',
      { describe: (own: ModelDescription) => ({ ...own, classes: own.classes.slice(0, 9) }) },
      'does not fit',
    ],
    [
      'a photo that is cut to another size than the network takes',
      { describe: (own: object) => ({ ...own, input: { ...photo, resize: 256, crop: 200 } }) },
      'cut from',
    ],
    [
      'a photo that is cut from a smaller one',
      { describe: (own: object) => ({ ...own, input: { ...photo, resize: 100, crop: 224 } }) },
      'cut from',
    ],
    ['an unknown preparation', { describe: (own: object) => ({ ...own, input: {} }) }, 'input'],
  ])('%s is passed over and told once; the version before it is served', async (_, wrong, why) => {
    const { post, store, logged } = await startTestService({ models: [sayingOnly(1)] });
    store.publish({ ...sayingOnly(2), version: 2, ...wrong });
    await vi.waitFor(() => expect(logged.map(({ msg }) => msg)).toEqual(faults), patience);
    expect(logged[0]).toMatchObject({
      folder: join(store.folder, 'mnist-cnn', '2'),
      cause: expect.stringContaining(why),
    });
    // Some more looks at the store.
    await setTimeout(200);
    expect((await post(black)).json<Answer>().version).toBe(1);
    expect(logged).toHaveLength(1);
  });

  test('a file that is no network, with the right checksum, is passed over as well', async () => {
    const { post, store, logged } = await startTestService({ models: [sayingOnly(1)] });
    const description = store.publish({ ...sayingOnly(2), version: 2, write: () => Buffer.from('no network at all') });
    expect(description.bytes).toBe(17);
    await vi.waitFor(() => expect(logged.map(({ msg }) => msg)).toEqual(faults), patience);
    expect((await post(black)).json<Answer>().version).toBe(1);
  });

  test('a version without one of its files is passed over, and served once it is whole', async () => {
    const { post, store, logged } = await startTestService({ models: [sayingOnly(1)] });
    const aside = join(store.folder, 'aside.onnx');
    store.publish({ ...sayingOnly(2), name: 'other' });
    const file = join(store.folder, 'other', '1', 'model.onnx');
    await vi.waitFor(async () => expect((await post(black, '/predict/other')).statusCode).toBe(200), patience);
    store.publish({ ...sayingOnly(3), version: 2 });
    renameSync(join(store.folder, 'mnist-cnn', '2', 'model.onnx'), aside);
    await vi.waitFor(() => expect(logged.length).toBeGreaterThan(0), patience);
    renameSync(aside, join(store.folder, 'mnist-cnn', '2', 'model.onnx'));
    await vi.waitFor(async () => expect((await post(black)).json<Answer>().version).toBe(2), patience);
    expect(existsSync(file)).toBe(true);
  });

  test('folders of writers at work and of other names are no models', async () => {
    const { inject, store, logged } = await startTestService({ models: [sayingOnly(1)] });
    for (const name of ['.mnist-ff.tmp', 'Not A Model']) store.publish({ name });
    writeFileSync(join(store.folder, 'README'), '');
    await setTimeout(200);
    const { models } = (await inject({ url: '/models' })).json();
    expect(models.map(({ name }: { name: string }) => name)).toEqual(['mnist-cnn']);
    expect(logged).toEqual([]);
  });
});

describe('a store', () => {
  test('that goes away is told once, and what was served is served on', async () => {
    const { post, inject, store, logged } = await startTestService({ models: [sayingOnly(1)] });
    // All of it at once, as a mount goes: a store that is removed file by file may be found damaged on its way.
    renameSync(store.folder, `${store.folder}.away`);
    rmSync(`${store.folder}.away`, { recursive: true });
    await vi.waitFor(
      () => expect(logged.map(({ msg }) => msg)).toEqual(['the store of models cannot be read']),
      patience,
    );
    await setTimeout(200);
    expect((await post(black)).statusCode).toBe(200);
    expect((await inject({ url: '/models/mnist-cnn' })).json().version).toBe(1);
    expect(logged).toHaveLength(1);
  });

  test('that was not there at the start is served when it is', async () => {
    const { post, store, isReady } = await startTestService({ models: [], inFolder: 'later' });
    await vi.waitFor(() => expect(isReady()).toBe(true), patience);
    const answer = await post(black);
    expect([answer.statusCode, answer.headers['retry-after'], answer.json().code]).toEqual([503, '2', 'not_ready']);
    store.publish({ ...sayingOnly(1), name: 'later/mnist-ff', describe: (own) => ({ ...own, name: 'mnist-ff' }) });
    await vi.waitFor(async () => expect((await post(black)).json().model).toBe('mnist-ff'), patience);
  });

  test('that cannot be read leaves the service unready', async () => {
    const { post, isReady, logged } = await startTestService({ models: [], inFolder: 'mnist-cnn\0' });
    await vi.waitFor(() => expect(logged).toHaveLength(1), patience);
    expect([isReady(), (await post(black)).statusCode]).toEqual([false, 503]);
  });
});

test('a model that is not there is a 404 that says which there are', async () => {
  const { post } = await startTestService({ models: [{ name: 'a' }, { name: 'b' }] });
  await vi.waitFor(
    async () =>
      expect((await post(black, '/predict/c')).json().detail).toBe('there is no model of this name; there are a, b'),
    patience,
  );
  expect((await post(black, '/predict/A%20B')).json().code).toBe('model_not_found');
  expect((await post(black)).json().model).toBe('a');
});

test('no other model answers in place of the default one while that is still being loaded', async () => {
  const { post } = await startTestService({ models: [{ name: 'a' }, { name: 'mnist-cnn' }] });
  const seen: string[] = [];
  await vi.waitFor(async () => {
    const answer = await post(black);
    seen.push(answer.json().model ?? answer.json().code);
    expect(answer.statusCode).toBe(200);
  }, patience);
  expect(seen.at(-1)).toBe('mnist-cnn');
});

test('health checks are answered while a network computes', async () => {
  const { post, inject } = await startTestService({ models: [{ ...sayingOnly(1), detours: 300 }] });
  let isOver = false;
  const prediction = post({ images: Array(60).fill(black.image) }).then((answer) => {
    isOver = true;
    return answer.statusCode;
  });
  let answered = 0;
  for (; !isOver; await setTimeout(1)) if ((await inject({ url: '/ping' })).statusCode === 200) answered++;
  expect(await prediction).toBe(200);
  expect(answered).toBeGreaterThan(20);
});
