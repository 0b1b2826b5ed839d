/** kubelet's and kube-proxy's settings on a node. */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Credentials } from '../../local_cluster/control_plane/credentials.ts';
import { dnsAddress, type NodePlace, nodeCpus, podRange } from '../layout.ts';
import { containerdSocket } from './containerd.ts';

const never = '0%';

/** What a node's settings depend on. */
export interface KubeletSettings {
  place: NodePlace;
  /** The node's own. */
  folder: string;
  /** The node's cgroup, under which its pods' are; from the root of every hierarchy. */
  cgroup: string;
  credentials: Credentials;
}

/** Writes kubelet's file; gives its arguments. */
export function kubeletArgs({ place, folder, cgroup, credentials }: KubeletSettings): string[] {
  const resolver = path.join(folder, 'resolv.conf');
  // Nothing of this machine's: what is not of the cluster is not reached from here.
  writeFileSync(resolver, 'nameserver 127.0.0.1\n');
  const configuration = path.join(folder, 'kubelet.yaml');
  const pair = credentials.nodes[place.name];
  writeFileSync(
    configuration,
    stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: place.address,
      tlsCertFile: pair.certificate,
      tlsPrivateKeyFile: pair.key,
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: credentials.nodeClientCa },
      },
      authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: `unix://${containerdSocket}`,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: cgroup,
      // Pods are held to their limits; all of them together to nothing, because the machine is not the node's alone.
      enforceNodeAllocatable: [],
      failCgroupV1: false,
      failSwapOn: false,
      clusterDNS: [dnsAddress],
      clusterDomain: 'cluster.local',
      resolvConf: resolver,
      podLogsDir: path.join(folder, 'pod-logs'),
      oomScoreAdj: 0,
      // The disk is the machine's, and may be as full as it likes; images are thrown away with the rig.
      imageGCHighThresholdPercent: 100,
      evictionHard: {
        'memory.available': '100Mi',
        'nodefs.available': never,
        'nodefs.inodesFree': never,
        'imagefs.available': never,
        'imagefs.inodesFree': never,
      },
      systemReserved: reserve(),
      serializeImagePulls: false,
      registryPullQPS: 0,
      eventRecordQPS: 0,
    }),
  );
  return [
    `--config=${configuration}`,
    `--kubeconfig=${credentials.kubeconfigs[place.name]}`,
    `--root-dir=${path.join(folder, 'kubelet')}`,
    `--hostname-override=${place.name}`,
    `--node-ip=${place.address}`,
    `--node-labels=topology.kubernetes.io/zone=${place.zone}`,
  ];
}

/** What of the machine is not the node's, so that it offers as much as a small machine of a cloud, and both fit the memory. */
function reserve(): Record<string, string> {
  const cpus = Math.max(0, os.availableParallelism() - nodeCpus);
  const memoryMiB = Math.floor(os.totalmem() / 2 / 2 ** 20);
  return { cpu: String(cpus), memory: `${memoryMiB}Mi` };
}

/**
 * Writes kube-proxy's file; gives its arguments.
 * @param folder where the file goes
 * @param nodeName whose node it serves
 */
export function kubeProxyArgs(folder: string, nodeName: NodePlace['name'], kubeconfig: string): string[] {
  const configuration = path.join(folder, 'kube-proxy.yaml');
  writeFileSync(
    configuration,
    stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      clientConnection: { kubeconfig },
      hostnameOverride: nodeName,
      mode: 'iptables',
      clusterCIDR: podRange,
      conntrack: { maxPerCore: 0, min: 0 },
    }),
  );
  return [`--config=${configuration}`];
}
