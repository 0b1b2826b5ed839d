import { expect, test } from 'vitest';
import { findObstacle } from './preconditions.ts';

test('where a rig cannot be started, a sentence says why and what would help', async () => {
  expect(await findObstacle('darwin', 0)).toBe('it needs Linux, and this is darwin');
  expect(await findObstacle('linux', 1000)).toBe(
    'it needs root, because it makes networks, mounts and containers: run it with sudo',
  );
});
