// A cluster of a benchmark's own, with the product's programs and settings, in a folder that goes with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterConnection, connectToCluster } from '@ml-job-mesh/cluster-client';
import { claimOctet, controlPlaneAddress } from '../../local_cluster/control_plane/address-octet.ts';
import { startControlPlane } from '../../local_cluster/control_plane/control-plane.ts';
import { startEmbeddedCluster } from '../../local_cluster/embedded-cluster.ts';
import type { Software } from '../../local_cluster/install/install.ts';
import { started } from './clean-up.ts';

/** Away from where `npm start` and the tests look first. */
const preferredOctet = 150;

export interface BenchCluster {
  /** For logs and whatever else goes when the benchmark ends. */
  folder: string;
  kubeconfig: string;
  api: ClusterConnection;
  /** The processes of the API server, etcd, the controllers and the scheduler, by name, and of the nodes. */
  processes(): Record<string, number>;
  /** A loopback address that nobody else on this machine listens on; `number` from 1 to 250. */
  address(number: number): string;
}

/** Starts a cluster with its two nodes; it ends with the stack. */
export async function startBenchCluster(stack: AsyncDisposableStack, software: Software): Promise<BenchCluster> {
  const folder = await temporaryFolder(stack);
  const cluster = await started(
    stack,
    () => startEmbeddedCluster({ stateFolder: folder, octet: preferredOctet, software, log: console.error }),
    (running) => running.stop(),
  );
  return describe(stack, {
    folder,
    kubeconfig: cluster.kubeconfig,
    octet: cluster.octet,
    processes: () => cluster.processes,
  });
}

/** Starts a control plane without nodes, so that nothing runs but what is measured; it ends with the stack. */
export async function startBenchControlPlane(stack: AsyncDisposableStack, software: Software): Promise<BenchCluster> {
  const folder = await temporaryFolder(stack);
  const { octet } = await started(
    stack,
    () => claimOctet({ preferred: preferredOctet }),
    (claim) => claim.release(),
  );
  const controlPlane = await started(
    stack,
    () =>
      startControlPlane({
        programs: software.controlPlane,
        address: controlPlaneAddress(octet),
        stateFolder: folder,
        log: console.error,
      }),
    (running) => running.stop(),
  );
  const kubeconfig = controlPlane.credentials.kubeconfigs.admin;
  const processes = () =>
    Object.fromEntries(
      controlPlane.processes.flatMap((one) => {
        const pid = one.pid();
        return pid === undefined ? [] : [[one.name, pid]];
      }),
    );
  return describe(stack, { folder, kubeconfig, octet, processes });
}

function describe(
  stack: AsyncDisposableStack,
  { octet, ...cluster }: Pick<BenchCluster, 'folder' | 'kubeconfig' | 'processes'> & { octet: number },
): BenchCluster {
  const api = connectToCluster({ kubeconfig: cluster.kubeconfig });
  stack.defer(() => api.close());
  return { ...cluster, api, address: (number) => `127.${octet}.100.${number}` };
}

/** Makes a namespace with the free tier's quota in it. */
export async function createQuotaNamespace(api: ClusterConnection, name: string): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name } });
  await api.create(`/api/v1/namespaces/${name}/resourcequotas`, {
    metadata: { name: 'free-tier-quota' },
    spec: { hard: { 'requests.cpu': '2', 'limits.cpu': '2' } },
  });
}

function temporaryFolder(stack: AsyncDisposableStack): Promise<string> {
  return started(
    stack,
    () => mkdtemp(join(tmpdir(), 'mesh-bench-')),
    (folder) => rm(folder, { recursive: true, force: true }),
  );
}
