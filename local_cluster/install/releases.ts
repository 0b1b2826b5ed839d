/** The archives in which Kubernetes and etcd are released, for those versions and machines whose hashes are known here. */

/** An archive that is released. */
export interface ReleasedArchive {
  url: string;
  /** Of the archive, in hexadecimal. */
  sha512: string;
  /** Paths in the archive of the programs that are wanted. */
  programs: string[];
}

/** Node's names of machines, and Go's. */
const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

const kubernetesPrograms = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'];

/**
 * SHA-512 of `kubernetes-server-linux-ARCHITECTURE.tar.gz`, as each version's section of Kubernetes' own changelog lists it
 * (`CHANGELOG/CHANGELOG-1.36.md`).
 */
const kubernetesSums: Record<string, Record<string, string>> = {
  'v1.36.0': {
    amd64:
      '1c64da92575451c2c7ff97c79b772e603995f8e76da1371a6b0746aaa27b65dce81c4d734cbb50f40e71486a8e08df36f14e12974f97d4d29e41f23a172a6a25',
    arm64:
      '7f95e451baedd9368a2fa637afa84c9ed1b958736540ca27a379e5e292e1a10c5d9a29539f833047574bf5d3b6f907f32dee5735acecc11aa4686f078108dcf8',
  },
};

/** SHA-512 of `etcd-VERSION-linux-ARCHITECTURE.tar.gz`. etcd publishes SHA-256; check that, then add the other here. */
const etcdSums: Record<string, Record<string, string>> = {};

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
      sha512: kubernetesSum,
      programs: kubernetesPrograms.map((name) => `kubernetes/server/bin/${name}`),
    },
    {
      url: `https://github.com/etcd-io/etcd/releases/download/${etcd}/${etcdName}.tar.gz`,
      sha512: etcdSum,
      programs: [`${etcdName}/etcd`],
    },
  ];
}
