/** The rig's addresses and names. Every rig has a network of its own, so they are the same in each. */

/** The context in its kubeconfig. */
export const contextName = 'mesh-rig';

/** The network that the control plane, the registry and the tests share with the nodes. */
export const outside = { bridge: 'mesh0', address: '10.89.0.1', prefix: 24 } as const;

/** Where the registry answers, by plain HTTP. */
export const registry = `${outside.address}:5001`;

export const podRange = '10.88.0.0/16';
/** As the control plane has it. */
export const serviceRange = '10.96.0.0/16';
export const apiServiceAddress = '10.96.0.1';
export const dnsAddress = '10.96.0.10';

/** A node. */
export interface NodePlace {
  name: 'node-1' | 'node-2';
  address: string;
  podRange: string;
  zone: string;
}

/** What each node offers to pods, in CPUs. */
export const nodeCpus = 2;

export const nodePlaces: NodePlace[] = [
  { name: 'node-1', address: '10.89.0.11', podRange: '10.88.1.0/24', zone: 'rig-a' },
  { name: 'node-2', address: '10.89.0.12', podRange: '10.88.2.0/24', zone: 'rig-b' },
];

/** The image that holds a pod's namespaces; the nodes are given it before they start. */
export const pauseImage = 'localhost/ml-job-mesh/pause:rig';
