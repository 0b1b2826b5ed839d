// For each row the tests of its file once more, while the setting is changed.
import path from 'node:path';
import { beforeAll, describe } from 'vitest';
import { rows } from './rows.ts';

const projectFolder = path.resolve(import.meta.dirname, '../..');

for (const [number, { name, in: test, file, paths, value }] of rows.entries()) {
  describe(name, async () => {
    beforeAll(() => {
      process.env.ENVOY_MUTATION = JSON.stringify({ file, paths, value });
    });
    // Another module each time, so that it registers its tests here as well.
    await import(`${path.join(projectFolder, test)}?${number}`);
  });
}
