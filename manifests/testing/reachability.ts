/**
 * What NetworkPolicies let through, worked out from the objects as Kubernetes defines them: a pod that no policy selects
 * for a direction is open in it; one that is selected has what any of those policies' rules allow, and nothing else. A
 * connection needs the sender's egress and the receiver's ingress. Pods in their node's network are out of reach of policies.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { V1LabelSelector, V1NetworkPolicyPeer, V1NetworkPolicyPort } from '@kubernetes/client-node';

/** A NetworkPolicy as YAML has it (the client library calls `from` otherwise). */
export interface NetworkPolicy {
  metadata: { name?: string; namespace: string };
  spec: {
    podSelector: V1LabelSelector;
    policyTypes?: string[];
    ingress?: { from?: V1NetworkPolicyPeer[]; ports?: V1NetworkPolicyPort[] }[];
    egress?: { to?: V1NetworkPolicyPeer[]; ports?: V1NetworkPolicyPort[] }[];
  };
}

/** One end of a connection. */
export interface Party {
  name: string;
  ip: string;
  /** Absent for what is no pod: the internet, the API server, a node. */
  pod?: PodIdentity;
}

/** What policies know a pod by. */
export interface PodIdentity {
  namespace: string;
  namespaceLabels: Record<string, string>;
  labels: Record<string, string>;
  /** Its declared ports; policies may name them. */
  ports: Port[];
  hostNetwork?: boolean;
}

/** A port that something may be listening on. */
export interface Port {
  name?: string;
  port: number;
  protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** Whether the policies let `from` open a connection to this port of `to`. */
export function isReachable(policies: NetworkPolicy[], from: Party, to: Party, port: Port): boolean {
  const leaves = selecting(policies, from, 'Egress').map(({ spec, metadata }) =>
    (spec.egress ?? []).some((rule) => matches(rule.to, rule.ports, metadata.namespace!, to, { port, at: to })),
  );
  const enters = selecting(policies, to, 'Ingress').map(({ spec, metadata }) =>
    (spec.ingress ?? []).some((rule) => matches(rule.from, rule.ports, metadata.namespace!, from, { port, at: to })),
  );
  return [leaves, enters].every((allowed) => allowed.length === 0 || allowed.includes(true));
}

/** The policies that a pod is subject to in a direction. */
function selecting(policies: NetworkPolicy[], { pod }: Party, direction: 'Ingress' | 'Egress'): NetworkPolicy[] {
  if (!pod || pod.hostNetwork) return [];
  return policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace &&
      directionsOf(spec).includes(direction) &&
      isSelected(spec.podSelector, pod.labels),
  );
}

/**
 * Where a policy does not say: ingress always, egress if it has rules for that. An empty list says nothing, of directions and
 * of rules alike. Source: SetDefaults_NetworkPolicy of Kubernetes.
 */
function directionsOf({ policyTypes, egress }: NetworkPolicy['spec']): string[] {
  if (policyTypes?.length) return policyTypes;
  return egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
}

/** A rule that names no peer is about all of them; one that names no port, too. */
function matches(
  peers: V1NetworkPolicyPeer[] | undefined,
  ports: V1NetworkPolicyPort[] | undefined,
  namespace: string,
  party: Party,
  target: { port: Port; at: Party },
): boolean {
  const isPeer = !peers?.length || peers.some((peer) => isMatchingPeer(peer, namespace, party));
  return isPeer && (!ports?.length || ports.some((port) => isMatchingPort(port, target)));
}

function isMatchingPeer(
  { ipBlock, namespaceSelector, podSelector }: V1NetworkPolicyPeer,
  namespace: string,
  { ip, pod }: Party,
): boolean {
  if (ipBlock) return isInside(ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => isInside(ip, cidr));
  // A pod in its node's network has the node's address, and is not known as a pod.
  if (!pod || pod.hostNetwork) return false;
  const isInNamespace = namespaceSelector
    ? isSelected(namespaceSelector, pod.namespaceLabels)
    : pod.namespace === namespace;
  return isInNamespace && (!podSelector || isSelected(podSelector, pod.labels));
}

/** A named port is that of the receiving pod, so elsewhere the name means nothing. */
function isMatchingPort(
  { port, endPort, protocol = 'TCP' }: V1NetworkPolicyPort,
  target: { port: Port; at: Party },
): boolean {
  if (protocol !== target.port.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'string') {
    const named = target.at.pod?.ports.filter((one) => one.name === port && one.protocol === protocol) ?? [];
    return named.some((one) => one.port === target.port.port);
  }
  return target.port.port >= port && target.port.port <= (endPort ?? port);
}

function isInside(ip: string, cidr: string): boolean {
  const [address = '', prefix = ''] = cidr.split('/');
  const family = (text: string) => (isIPv6(text) ? 'ipv6' : 'ipv4');
  if (family(ip) !== family(address)) return false;
  const block = new BlockList();
  block.addSubnet(address, Number(prefix), family(address));
  return block.check(ip, family(ip));
}

/** Whether a label selector, all of whose conditions must hold, selects these labels; an empty one selects everything. */
export function isSelected(
  { matchLabels = {}, matchExpressions = [] }: V1LabelSelector,
  labels: Record<string, string>,
): boolean {
  const hasLabels = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return (
    hasLabels &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      const isOneOf = value !== undefined && values.includes(value);
      if (operator === 'In') return isOneOf;
      if (operator === 'NotIn') return !isOneOf;
      throw new Error(`a label selector has no operator ${operator}`);
    })
  );
}
