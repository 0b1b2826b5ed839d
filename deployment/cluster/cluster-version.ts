/** Which Kubernetes the mesh's manifests need. */
import type { Kubectl } from './kubectl.ts';

/** The reasons are in `manifests/README.md`, under "Which Kubernetes". */
const oldest = { major: 1, minor: 30 };

/**
 * Asks a cluster for its version. Gives it, e.g. `v1.36.3`.
 * @throws Error if the cluster is older than what the manifests need, or does not say
 */
export async function requireVersion(kubectl: Kubectl): Promise<string> {
  const { serverVersion } = JSON.parse(await kubectl(['version', '-o', 'json', '--request-timeout=10s'])) as {
    serverVersion?: { major: string; minor: string; gitVersion: string };
  };
  if (!serverVersion) throw new Error('the cluster does not tell its version');
  // A provider's minor version may end in a plus sign.
  const [major, minor] = [serverVersion.major, serverVersion.minor].map((text) => Number.parseInt(text, 10));
  if (major! > oldest.major || (major === oldest.major && minor! >= oldest.minor)) return serverVersion.gitVersion;
  throw new Error(
    `the cluster runs Kubernetes ${serverVersion.gitVersion}, and the mesh needs ${oldest.major}.${oldest.minor} or newer ` +
      '(manifests/README.md says why). Upgrade the cluster, or name another context. Nothing was applied',
  );
}
