// A control plane of a benchmark's own: the real one, with the product's settings, in a folder that goes with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterConnection, connectToCluster } from '@ml-job-mesh/cluster-client';
import { claimOctet } from '../../local_cluster/control_plane/address-octet.ts';
import { type ControlPlane, startControlPlane } from '../../local_cluster/control_plane/control-plane.ts';
import { started } from './clean-up.ts';

/** Away from where `npm start` looks first. */
const preferredOctet = 224;

export interface BenchCluster {
  /** For logs and whatever else goes when the benchmark ends. */
  folder: string;
  kubeconfig: string;
  api: ClusterConnection;
  /** The processes of the API server, etcd, the controllers and the scheduler. */
  pids(): number[];
  /** Sends a signal to the controllers, e.g. SIGSTOP. */
  signalControllers(signal: NodeJS.Signals): void;
  /** A loopback address that nobody else on this machine listens on; `number` from 1 to 250. */
  address(number: number): string;
  kubectl: ControlPlane['kubectl'];
}

/** Starts a control plane without nodes; it ends with the stack. */
export async function startBenchControlPlane(stack: AsyncDisposableStack, binary: string): Promise<BenchCluster> {
  const folder = await started(stack, () => mkdtemp(join(tmpdir(), 'mesh-bench-')), removeFolder);
  const claim = await started(
    stack,
    () => claimOctet(preferredOctet),
    ({ release }) => release(),
  );
  const controlPlane = await started(
    stack,
    () => startControlPlane({ binary, octet: claim.octet, stateFolder: folder, log: console.error }),
    (running) => running.stop(),
  );
  const kubeconfig = controlPlane.credentials.kubeconfigs.admin;
  const api = connectToCluster({ kubeconfig });
  stack.defer(() => api.close());
  return {
    folder,
    kubeconfig,
    api,
    pids: () => controlPlane.processes.flatMap((process) => process.pid() ?? []),
    signalControllers(signal) {
      const pid = controlPlane.processes.find(({ name }) => name === 'kube-controller-manager')?.pid();
      if (pid !== undefined) process.kill(pid, signal);
    },
    address: (number) => `127.${claim.octet}.100.${number}`,
    kubectl: controlPlane.kubectl,
  };
}

/** Makes a namespace with the free tier's quota in it. */
export async function createQuotaNamespace(api: ClusterConnection, name: string): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name } });
  await api.create(`/api/v1/namespaces/${name}/resourcequotas`, {
    metadata: { name: 'free-tier-quota' },
    spec: { hard: { 'requests.cpu': '2', 'limits.cpu': '2' } },
  });
}

function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}
