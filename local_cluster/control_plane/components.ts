/** The command lines of the four components. What is not named here is as Kubernetes has it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { ports } from './address-octet.ts';
import { type Credentials, frontProxyName } from './credentials.ts';

/** What the command lines depend on. */
export interface ComponentSettings {
  /** Where all of it listens. */
  address: string;
  stateFolder: string;
  credentials: Credentials;
  /** What the nodes run; pods as processes unless told otherwise. */
  nodes?: NodeKind;
}

/** Whether pods are processes that share the control plane's network, or containers on kubelets with a network of their own. */
export type NodeKind = 'processes' | 'containers';

/** Addresses of Services. Only on nodes with a network of their own does anything answer there. */
const serviceRange = '10.96.0.0/16';

/** etcd, for the API server's certificate only. Writes are safe: it syncs before it answers. */
export function etcdArgs({ address, stateFolder, credentials }: ComponentSettings): string[] {
  const clientUrl = `https://${address}:${ports.etcdClient}`;
  const peerUrl = `https://${address}:${ports.etcdPeer}`;
  return [
    '--name=etcd',
    `--data-dir=${path.join(stateFolder, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    '--client-cert-auth',
    `--trusted-ca-file=${credentials.etcdCa}`,
    `--cert-file=${credentials.etcd.certificate}`,
    `--key-file=${credentials.etcd.key}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=etcd=${peerUrl}`,
    '--peer-client-cert-auth',
    `--peer-trusted-ca-file=${credentials.etcdCa}`,
    `--peer-cert-file=${credentials.etcd.certificate}`,
    `--peer-key-file=${credentials.etcd.key}`,
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=10m',
    '--quota-backend-bytes=4294967296',
    '--log-level=warn',
  ];
}

/** The API server: certificates and tokens only, RBAC, nodes held to their own pods. */
export function apiServerArgs({ address, credentials, nodes = 'processes' }: ComponentSettings): string[] {
  return [
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${credentials.apiServer.certificate}`,
    `--tls-private-key-file=${credentials.apiServer.key}`,
    `--client-ca-file=${credentials.clusterCa}`,
    '--anonymous-auth=false',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--etcd-servers=https://${address}:${ports.etcdClient}`,
    `--etcd-cafile=${credentials.etcdCa}`,
    `--etcd-certfile=${credentials.etcdClient.certificate}`,
    `--etcd-keyfile=${credentials.etcdClient.key}`,
    // It must not change with the address, or tokens handed out before would be refused.
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${credentials.serviceAccountKey}`,
    `--service-account-key-file=${credentials.serviceAccountPublicKey}`,
    `--service-cluster-ip-range=${serviceRange}`,
    ...(nodes === 'processes'
      ? reachProcesses
      : [...reachContainers, `--kubelet-certificate-authority=${credentials.clusterCa}`]),
    `--kubelet-client-certificate=${credentials.nodeClient.certificate}`,
    `--kubelet-client-key=${credentials.nodeClient.key}`,
    // For extension API servers (metrics-server, say): the API server passes on who the user is, and proves that it is itself.
    `--requestheader-client-ca-file=${credentials.frontProxyCa}`,
    `--requestheader-allowed-names=${frontProxyName}`,
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${credentials.frontProxyClient.certificate}`,
    `--proxy-client-key-file=${credentials.frontProxyClient.key}`,
    '--profiling=false',
    // As on any cluster whose nodes run system pods; on a node of processes it grants a container nothing more.
    '--allow-privileged',
  ];
}

/** How the API server is reached from pods, and how it reaches nodes and pods. */
const reachProcesses = [
  // Loopback addresses are refused in EndpointSlices; pods get this one as KUBERNETES_SERVICE_HOST instead.
  '--endpoint-reconciler-type=none',
  '--kubelet-preferred-address-types=ExternalIP',
];
const reachContainers = [
  '--kubelet-preferred-address-types=InternalIP',
  // It goes to the pods of an extension API server themselves: where it runs, a Service's address need not lead anywhere.
  '--enable-aggregator-routing',
];

/** The controller manager, quick enough that hundreds of Jobs posted at once do not wait for its own rate limit. */
export function controllerManagerArgs({ address, credentials }: ComponentSettings): string[] {
  return [
    `--kubeconfig=${credentials.kubeconfigs['controller-manager']}`,
    ...servingArgs(address, ports.controllerManager, credentials, 'controller-manager'),
    `--root-ca-file=${credentials.clusterCa}`,
    `--service-account-private-key-file=${credentials.serviceAccountKey}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--kube-api-qps=1000',
    '--kube-api-burst=2000',
    '--concurrent-job-syncs=50',
    // The end of a pod's grace emits no event; without this a place could stay taken for five minutes.
    '--resource-quota-sync-period=5s',
    '--profiling=false',
  ];
}

/** The scheduler; writes the configuration file that its rate limits need. */
export function schedulerArgs({ address, stateFolder, credentials }: ComponentSettings): string[] {
  const configuration = path.join(stateFolder, 'scheduler.yaml');
  writeFileSync(
    configuration,
    stringify({
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      clientConnection: { kubeconfig: credentials.kubeconfigs.scheduler, qps: 1000, burst: 2000 },
      leaderElection: { leaderElect: false },
      enableProfiling: false,
      // A pod that found no node is tried again after a second, not after up to ten: with each try in vain it would wait
      // longer, while newer pods, tried for the first time, take the room that becomes free.
      podInitialBackoffSeconds: 1,
      podMaxBackoffSeconds: 1,
    }),
  );
  return [`--config=${configuration}`, ...servingArgs(address, ports.scheduler, credentials, 'scheduler')];
}

/** Health and metrics of the two, for clients that the API server knows and allows. */
function servingArgs(
  address: string,
  port: number,
  credentials: Credentials,
  component: 'controller-manager' | 'scheduler',
): string[] {
  const pair = component === 'scheduler' ? credentials.scheduler : credentials.controllerManager;
  const kubeconfig = credentials.kubeconfigs[component];
  return [
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${pair.certificate}`,
    `--tls-private-key-file=${pair.key}`,
    `--client-ca-file=${credentials.clusterCa}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--authorization-always-allow-paths=',
  ];
}
