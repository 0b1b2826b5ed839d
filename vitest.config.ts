import { defineConfig } from 'vitest/config';

/** Files of one project run one after the other where they share the machine's cluster. */
const onCluster = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 300_000, pool: 'forks' as const };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.cluster.test.ts', 'e2e/**', '.mesh/**'],
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['**/*.cluster.test.ts'],
          exclude: ['**/node_modules/**', '.mesh/**'],
          ...onCluster,
        },
      },
      { test: { name: 'e2e', include: ['e2e/*.test.ts'], ...onCluster } },
      { test: { name: 'faults', include: ['e2e/faults/*.test.ts'], ...onCluster } },
    ],
  },
});
