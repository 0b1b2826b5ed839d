import { beforeEach, expect, test, vi } from 'vitest';
import { readModel } from '../model_store/read-model.ts';
import { createTestStore } from '../testing/test-store.ts';
import { createStoreInspector } from './store-inspector.ts';

// Tests may run as root, whom no permissions keep from reading, and no disk fails on request.
vi.mock('../model_store/read-model.ts', { spy: true });
beforeEach(() => void vi.mocked(readModel).mockReset());

const fault = (code: string) => Object.assign(new Error(`${code}: what the system says`), { code });

test('a version that the system fails to read is told once, and read again at each look until it can be', async () => {
  const store = createTestStore();
  store.publish();
  const onFault = vi.fn();
  const inspector = createStoreInspector(onFault);
  const version = { name: 'mnist-cnn', version: 1, folder: `${store.folder}/mnist-cnn/1` };
  vi.mocked(readModel)
    .mockRejectedValueOnce(fault('EIO'))
    .mockRejectedValueOnce(fault('EIO'))
    .mockRejectedValueOnce(new Error('model.json cannot be used', { cause: fault('ESTALE') }));
  for (let look = 0; look < 3; look++) expect(await inspector.read(version)).toBeUndefined();
  expect((await inspector.read(version))?.description.name).toBe('mnist-cnn');
  expect(onFault.mock.calls.map(([, { cause }]) => cause)).toEqual([
    'EIO: what the system says',
    'model.json cannot be used',
  ]);
});

test('a version that is wrong itself is not read again before its files change', async () => {
  const store = createTestStore();
  store.publish({ damage: (network) => network.subarray(1) });
  const onFault = vi.fn();
  const inspector = createStoreInspector(onFault);
  const version = { name: 'mnist-cnn', version: 1, folder: `${store.folder}/mnist-cnn/1` };
  for (let look = 0; look < 3; look++) expect(await inspector.read(version)).toBeUndefined();
  expect([vi.mocked(readModel).mock.calls.length, onFault.mock.calls.length]).toEqual([1, 1]);
});
