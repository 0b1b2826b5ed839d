// Runs existing tests against changed Envoy files. Each has to fail, so nobody runs this but `mutations.test.ts`.
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { rows } from './rows.ts';

const literally = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, '../..'),
    include: ['web_tier/mutations/changed-files.ts'],
    // Of each row, the one test that it names.
    testNamePattern: rows.map(({ name, test }) => `^${literally(name)} .*${literally(test)}`).join('|'),
    // What waits for an answer that does not come any more fails after this.
    testTimeout: 6_000,
    hookTimeout: 60_000,
  },
});
