import { defineConfig } from 'vitest/config';

/** Files of one project run one after the other where they share the machine's cluster. */
const onCluster = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 300_000, pool: 'forks' as const };
const notOurs = ['**/node_modules/**', '.mesh/**', '.rig/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [
            ...notOurs,
            '**/*.cluster.test.ts',
            '**/*.mesh.test.ts',
            '**/*.rig.test.ts',
            'e2e/**',
            'container_rig/checks/**',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['**/*.cluster.test.ts'],
          exclude: notOurs,
          globalSetup: 'local_cluster/testing/cluster-setup.ts',
          ...onCluster,
        },
      },
      { test: { name: 'meshes', include: ['**/*.mesh.test.ts'], exclude: notOurs, ...onCluster } },
      {
        test: {
          name: 'e2e',
          include: ['e2e/*.test.ts', 'e2e/page/*.test.ts'],
          globalSetup: 'e2e/mesh-setup.ts',
          ...onCluster,
        },
      },
      { test: { name: 'rig', include: ['container_rig/*.rig.test.ts'], ...onCluster, testTimeout: 300_000 } },
      {
        test: {
          name: 'containers',
          include: ['container_rig/checks/**/*.test.ts', 'e2e/faults/lost-node.test.ts'],
          globalSetup: 'e2e/mesh-setup.ts',
          ...onCluster,
        },
      },
      { test: { name: 'pictures', include: ['e2e/page/pictures.ts'], globalSetup: 'e2e/mesh-setup.ts', ...onCluster } },
      { test: { name: 'faults', include: ['e2e/faults/*.test.ts'], globalSetup: 'e2e/mesh-setup.ts', ...onCluster } },
    ],
  },
});
