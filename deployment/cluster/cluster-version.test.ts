import { expect, test } from 'vitest';
import { requireVersion } from './cluster-version.ts';

function clusterOf(major: string, minor: string, gitVersion: string) {
  return async () => JSON.stringify({ clientVersion: {}, serverVersion: { major, minor, gitVersion } });
}

test.each([
  ['1', '30', 'v1.30.0'],
  ['1', '33+', 'v1.33.4-eks-1a2b3c4'],
  ['2', '0', 'v2.0.0'],
])('a cluster of version %s.%s is taken', async (major, minor, gitVersion) => {
  expect(await requireVersion(clusterOf(major, minor, gitVersion))).toBe(gitVersion);
});

test.each([
  ['1', '29', 'v1.29.14'],
  ['1', '9+', 'v1.9.1-gke.1'],
])('a cluster of version %s.%s is refused before anything is applied', async (major, minor, gitVersion) => {
  await expect(requireVersion(clusterOf(major, minor, gitVersion))).rejects.toThrow(
    `the cluster runs Kubernetes ${gitVersion}, and the mesh needs 1.30 or newer (manifests/README.md says why). ` +
      'Upgrade the cluster, or name another context. Nothing was applied',
  );
});

test('a cluster that does not tell its version is refused', async () => {
  await expect(requireVersion(async () => '{"clientVersion":{}}')).rejects.toThrow(/does not tell its version/);
});
