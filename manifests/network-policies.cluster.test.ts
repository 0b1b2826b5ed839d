// Who can reach whom under the NetworkPolicies: every pod of the mesh, pods of others, the internet and the API server,
// at every port that any pod declares or any policy names, and one that none does. What is not in the table below is out of reach.

import { readFile } from 'node:fs/promises';
import type { KubernetesObject, V1Job, V1Service } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { pathOf } from './testing/kubectl.ts';
import { changeSettings } from '../web_tier/mutations/mutation.ts';
import { isReachable, type NetworkPolicy, type Party, type Port } from './testing/reachability.ts';
import { containersOf, listFolders, ofKind, render, type Workload, workloadsIn } from './testing/render.ts';

const undeclared: Port = { port: 12345, protocol: 'TCP' };
const undeclaredUdp: Port = { port: 12345, protocol: 'UDP' };
const dns: Port = { port: 53, protocol: 'UDP' };
const tcp = (...ports: number[]): Port[] => ports.map((port) => ({ port, protocol: 'TCP' }));

/** A party with the ports at which others may try it. */
interface Host extends Party {
  ports: Port[];
}

/** Pods of Jobs, made from the tiers' templates in each of the namespaces where they run. */
async function listJobPods(): Promise<Host[]> {
  const places = { free: ['free-service'], premium: ['premium-service', 'default'] };
  const hosts = Object.entries(places).map(async ([tier, namespaces]) => {
    const template = parse(await readFile(pathOf(`../${tier}_service/job/${tier}-job-template.yaml`), 'utf8')) as V1Job;
    const { labels } = template.spec!.template.metadata!;
    return namespaces.map((namespace) => createPod(`${tier}-job`, namespace, labels!, tcp(8080)));
  });
  return (await Promise.all(hosts)).flat();
}

function createPod(
  name: string,
  namespace: string,
  labels: Record<string, string>,
  ports: Port[],
  hostNetwork = false,
): Host {
  const namespaceLabels = { 'kubernetes.io/metadata.name': namespace };
  const pod = { namespace, namespaceLabels, labels, ports, hostNetwork };
  return { name: `${namespace}/${name}`, ip: hostNetwork ? '192.0.2.10' : '10.88.1.9', pod, ports };
}

function podOf(workload: Workload): Host {
  const ports = containersOf(workload).flatMap(({ ports = [] }) =>
    ports.map(({ name, containerPort, protocol = 'TCP' }) => ({ name, port: containerPort, protocol }) as Port),
  );
  const { metadata, spec } = workload.spec!.template;
  const { name, namespace } = workload.metadata!;
  return createPod(name!, namespace!, metadata!.labels!, ports, spec!.hostNetwork);
}

const namespaces = ['free-service', 'free-tier', 'ml-pipeline', 'premium-service', 'premium-tier', 'web-tier'];
/** Pods that somebody else may have put into our namespaces: nothing is opened for them. */
const strangers = namespaces.map((namespace) => createPod('a-stranger', namespace, {}, tcp(8080)));

const others: Host[] = [
  createPod('coredns', 'kube-system', { 'k8s-app': 'kube-dns' }, [dns, ...tcp(53)]),
  createPod('another-server', 'kube-system', {}, [dns]),
  createPod('prometheus', 'monitoring', {}, tcp(9090)),
  createPod('somebody', 'default', {}, tcp(8080)),
  // Labels can be copied, namespaces cannot.
  createPod('imitator', 'elsewhere', { 'app.kubernetes.io/name': 'web-tier', 'k8s-app': 'kube-dns' }, tcp(8080)),
  // Who has one of a Job's labels is no Job.
  createPod('of-that-name', 'default', { 'app.kubernetes.io/part-of': 'ml-job-mesh' }, tcp(8080)),
  createPod('of-that-tier', 'default', { 'ml-job-mesh.io/tier': 'premium' }, tcp(8080)),
];
const internet: Host = { name: 'the internet', ip: '203.0.113.7', ports: tcp(80, 443) };
const metadataService: Host = { name: 'instance metadata', ip: '169.254.169.254', ports: tcp(80) };
/** In each of the ranges that private networks have. */
const loadBalancers: Host[] = ['10.0.3.9', '172.31.0.9', '192.168.7.9'].map((ip) => ({
  name: `a load balancer at ${ip}`,
  ip,
  ports: [],
}));
const outside: Host[] = [
  ...loadBalancers,
  internet,
  { name: 'the API server', ip: '10.89.0.1', ports: tcp(443, 6443, 8443) },
  metadataService,
  { name: "a node's DNS cache", ip: '169.254.20.10', ports: [dns] },
];

/** All ports that the hosts have or the policies name, without those names: only a host's own ports have names there. */
function listPorts(policies: NetworkPolicy[], hosts: Host[]): Port[] {
  const rules = policies.flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])]);
  const named = rules.flatMap(({ ports = [] }) =>
    ports.flatMap(({ port, endPort, protocol = 'TCP' }) =>
      [port, endPort].flatMap((one) => (typeof one === 'number' ? [{ port: one, protocol } as Port] : [])),
    ),
  );
  const all = [...named, ...hosts.flatMap(({ ports }) => ports), undeclared, undeclaredUdp];
  const byLabel = new Map(all.map(({ port, protocol }) => [`${port}/${protocol}`, { port, protocol }]));
  return [...byLabel.values()].sort((one, other) => one.port - other.port);
}

/** Who reaches each host of `to` at each of these ports; ports that nobody reaches are left out. */
function tabulate(policies: NetworkPolicy[], from: Host[], to: Host[], ports: Port[]): Record<string, string[]> {
  const rows = to.flatMap((host) =>
    ports.map((port) => {
      const reaching = from.filter((one) => one.name !== host.name && isReachable(policies, one, host, port));
      const label = `${host.name} ${port.port}${port.protocol === 'UDP' ? '/UDP' : ''}`;
      return [label, reaching.map(({ name }) => name).sort()] as const;
    }),
  );
  return Object.fromEntries(rows.filter(([, reaching]) => reaching.length > 0));
}

const isTried = new Set<string>();

describe.each(await listFolders('overlays'))('In the overlay %s', async (overlay) => {
  const objects = await render(overlay);
  const policies = ofKind<KubernetesObject & NetworkPolicy>(objects, 'NetworkPolicy');
  const ours = [...workloadsIn(objects).map(podOf), ...(await listJobPods()), ...strangers];
  const inNodesNetwork = ours.filter(({ pod }) => pod!.hostNetwork);
  const governed = ours.filter(({ pod }) => !pod!.hostNetwork);
  const ports = listPorts(policies, [...ours, ...others, ...outside]);
  const namesOf = (hosts: Host[]) => hosts.map(({ name }) => name);
  const governedOnly = (table: Record<string, string[]>) =>
    Object.fromEntries(
      Object.entries(table)
        .map(([port, names]) => [port, names.filter((name) => namesOf(governed).includes(name))] as const)
        .filter(([, names]) => names.length > 0),
    );

  test('a pod of the mesh is reached by these, and by nobody else', () => {
    const everybody = [...ours, ...others, ...outside];
    // Whose own egress is closed reaches nobody at all; the front and the tiers reach only what they need.
    const clients = namesOf([...others, ...outside, ...inNodesNetwork]);
    const front = 'web-tier/web-tier';
    const prometheus = 'monitoring/prometheus';
    // On EKS load balancers ask for the front's health, from any private address; who is under a policy cannot.
    const inVpc = [...namesOf([...others, ...loadBalancers]), 'the API server'];
    expect(tabulate(policies, everybody, governed, ports)).toEqual({
      'web-tier/web-tier 8080': clients.sort(),
      ...(overlay === 'eks' && { 'web-tier/web-tier 8081': inVpc.sort() }),
      'web-tier/grader-interface 5000': [...clients, front].sort(),
      'web-tier/grader-interface 9090': [prometheus],
      'free-tier/free-tier 8080': [front],
      'free-tier/free-tier 9090': [prometheus],
      'premium-tier/premium-tier 8080': [front],
      'premium-tier/premium-tier 9090': [prometheus],
      'ml-pipeline/ml-backend 5000': [front],
      'ml-pipeline/ml-backend 9090': [prometheus],
      'ml-pipeline/ml-frontend 3000': [front],
      'ml-pipeline/ml-frontend 9090': [prometheus],
    });
  });

  test('pods of the mesh reach these outside it, and nothing else', () => {
    const front = ['web-tier/web-tier'];
    const askTheApi = ['free-tier/free-tier', 'premium-tier/premium-tier', 'web-tier/grader-interface'];
    // Policies cannot tell the API server from other addresses, so its usual ports are open wherever they are.
    const anywhere = namesOf([...others, ...outside]).flatMap((name) =>
      [443, 6443, 8443].map((port) => [`${name} ${port}`, askTheApi]),
    );
    expect(governedOnly(tabulate(policies, ours, [...others, ...outside], ports))).toEqual({
      ...Object.fromEntries(anywhere),
      'kube-system/coredns 53': front,
      'kube-system/coredns 53/UDP': front,
      "a node's DNS cache 53": front,
      "a node's DNS cache 53/UDP": front,
    });
  });

  test('each policy, each of its rules, and each direction, peer, port and label in them is needed', () => {
    // Labels can be copied, namespaces cannot.
    const imitators = governed.map(({ name, pod }) =>
      createPod(`imitator-of-${name}`, 'elsewhere', pod!.labels, pod!.ports),
    );
    const all = [...ours, ...others, ...outside, ...imitators];
    // Each direction by itself: what one pod may not send, another one would not receive either.
    const effectOf = (some: NetworkPolicy[], namespace: string) => {
      const inside = all.filter(({ pod }) => pod?.namespace === namespace);
      const sent = tabulate(inDirection(some, 'Egress'), inside, all, ports);
      return JSON.stringify([sent, tabulate(inDirection(some, 'Ingress'), all, inside, ports)]);
    };
    const needless = policies.flatMap((policy, index) => {
      const { name, namespace } = policy.metadata;
      // One that another overlay has as well was tried there.
      if (isTried.has(JSON.stringify(policy))) return [];
      isTried.add(JSON.stringify(policy));
      const whole = effectOf(policies, namespace);
      return listSmaller(policy)
        .filter(({ smaller }) => effectOf(policies.toSpliced(index, 1, ...smaller), namespace) === whole)
        .map(({ without }) => `${namespace}/${name} without ${without}`);
    });
    expect(needless).toEqual([]);
  });

  test("every pod is under a policy in both directions, but those in their node's network", () => {
    const open = governed.filter(
      (host) =>
        isReachable(policies, host, metadataService, undeclared) || isReachable(policies, internet, host, undeclared),
    );
    expect(namesOf(open)).toEqual([]);
    expect(namesOf(inNodesNetwork)).toEqual(overlay === 'local' ? ['kube-system/cluster-dns'] : []);
  });

  test("pods that are nobody's of the mesh are left as they are", () => {
    const [prometheus, somebody] = ['monitoring/prometheus', 'default/somebody'].map((name) =>
      others.find((one) => one.name === name),
    );
    for (const port of [...tcp(80, 8080, 9090), dns]) {
      expect(isReachable(policies, prometheus!, somebody!, port)).toBe(true);
      expect(isReachable(policies, internet, somebody!, port)).toBe(true);
      expect(isReachable(policies, somebody!, internet, port)).toBe(true);
    }
  });

  // Some network plug-ins (EKS's) compare a rule's port with the Service's as well.
  test('where a client of a Service is under a policy, the Service has the port that its pods have', () => {
    const services = ofKind<V1Service>(objects, 'Service').filter(({ spec }) => spec?.clusterIP === 'None');
    const ports = services.map(({ metadata, spec }) => {
      const host = governed.find(({ name }) => name === `${metadata!.namespace}/${metadata!.name}`);
      const { port, targetPort } = spec!.ports![0]!;
      return [metadata!.name, port, host?.ports.find(({ name }) => name === targetPort)?.port];
    });
    expect(ports.toSorted()).toEqual([
      ['free-tier', 8080, 8080],
      ['grader-interface', 5000, 5000],
      ['ml-backend', 5000, 5000],
      ['ml-frontend', 3000, 3000],
      ['premium-tier', 8080, 8080],
    ]);
  });
});

/** The policies as far as they are about one direction. */
function inDirection(policies: NetworkPolicy[], direction: 'Ingress' | 'Egress'): NetworkPolicy[] {
  const some = policies.filter(({ spec }) => spec.policyTypes!.includes(direction));
  return some.map(({ metadata, spec }) => ({ metadata, spec: { ...spec, policyTypes: [direction] } }));
}

interface Smaller {
  without: string;
  smaller: NetworkPolicy[];
}

/** A policy with one part of it left out: the whole of it, a direction, a rule, a peer, a port, its number, or a label. */
function listSmaller(policy: NetworkPolicy): Smaller[] {
  return [{ without: 'all of it', smaller: [] }, ...listParts(policy.spec).map((path) => withoutPart(policy, path))];
}

type Path = (string | number)[];

function listParts(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  // One of a kind is not there for itself: without it, it would mean all.
  const isOnly = Array.isArray(value) && value.length < 2 && !/^(ingress|egress)$/.test(String(path.at(-1)));
  return Object.keys(value).flatMap((key) => {
    const below: Path = [...path, Array.isArray(value) ? Number(key) : key];
    const isPart = Array.isArray(value) ? !isOnly : path.at(-1) === 'matchLabels' || key === 'port';
    return [...(isPart ? [below] : []), ...listParts((value as Record<string, unknown>)[key], below)];
  });
}

function withoutPart(policy: NetworkPolicy, path: Path): Smaller {
  const copy = structuredClone(policy);
  changeSettings(copy.spec, path);
  return { without: path.join(' '), smaller: [copy] };
}
