/** The archives in which Kubernetes and etcd are released, for those versions and machines whose hashes are known here. */

/** An archive that is released. */
export interface ReleasedArchive {
  url: string;
  /** Of the archive, in hexadecimal. */
  hash: { algorithm: 'sha256' | 'sha512'; hex: string };
  /** Paths in the archive of the programs that are wanted. */
  programs: string[];
}

/** By version, then by Go's name of a machine. */
type Sums = Record<string, Record<string, string>>;

/** Node's names of machines, and Go's. */
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

const kubernetesPrograms = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'];

/**
 * SHA-512 of `kubernetes-server-linux-ARCHITECTURE.tar.gz`, as Kubernetes' own changelog lists it. That of a version is in the
 * module of the one after it, which Go checks: `go mod download k8s.io/kubernetes@v1.36.4`, `CHANGELOG/CHANGELOG-1.36.md`.
 */
const kubernetesSums: Sums = {
  'v1.36.3': {
    amd64:
      'b0fc15554233d9dcf7284bca259bc238aa89003dc2d821f7074f385f3825dead854ae175482ccb5632a0930ffc1d3c0eff1cda2ada972fba9a5d46033a8b1e52',
    arm64:
      '65c78d6893d683fc5e7f232f8638243886c8b1b7dbe055746ae7d38fdf8016456b1710ce4fc1133127880a65aed9492f737995694462baad13495a7f3d9ef0c5',
  },
};

/**
 * SHA-256 of `etcd-VERSION-linux-ARCHITECTURE.tar.gz`, which is what etcd publishes beside its releases (`SHA256SUMS`), as
 * Kubespray keeps it (`etcd_binary_checksums` in its `checksums.yml`).
 */
const etcdSums: Sums = {
  'v3.6.8': {
    amd64: 'cf9cfe91a4856cb90eed9c99e6aee4b708db2c7888b88a6f116281f04b0ea693',
    arm64: '438f56a700d17ce761510a3e63e6fa5c1d587b2dd4d7a22c179c09a649366760',
  },
};

/**
 * Gives the archives of a version of Kubernetes and one of etcd; undefined unless the hashes of both are known, since one
 * without the other would have to be built anyway.
 * @param kubernetes for instance `v1.36.3`
 * @param etcd for instance `v3.6.8`
 * @param arch as in `process.arch`
 */
export function findRelease(kubernetes: string, etcd: string, arch: string): ReleasedArchive[] | undefined {
  const architecture = architectures[arch] ?? '';
  const kubernetesSum = kubernetesSums[kubernetes]?.[architecture];
  const etcdSum = etcdSums[etcd]?.[architecture];
  if (!kubernetesSum || !etcdSum) return undefined;
  const etcdName = `etcd-${etcd}-linux-${architecture}`;
  return [
    {
      url: `https://dl.k8s.io/${kubernetes}/kubernetes-server-linux-${architecture}.tar.gz`,
      hash: { algorithm: 'sha512', hex: kubernetesSum },
      programs: kubernetesPrograms.map((name) => `kubernetes/server/bin/${name}`),
    },
    {
      url: `https://github.com/etcd-io/etcd/releases/download/${etcd}/${etcdName}.tar.gz`,
      hash: { algorithm: 'sha256', hex: etcdSum },
      programs: [`${etcdName}/etcd`],
    },
  ];
}
