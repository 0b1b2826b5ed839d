/** Jobs that a tier might make, and what the policy for Jobs says of them. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { V1Container, V1Job, V1JobSpec, V1PodSpec } from '@kubernetes/client-node';
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { parse } from 'yaml';
import { pathOf } from './kubectl.ts';

export const tierLabel = 'ml-job-mesh.io/tier';
export const jobsIn = (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/jobs`;
export const jobIn = (namespace: string, name: string) => `${jobsIn(namespace)}/${name}`;

export interface JobOptions {
  dryRun?: boolean;
  /** What the pod has instead of the template's. */
  pod?: Partial<V1PodSpec>;
  /** Labels that the pod has beside the template's; those without a value are left out. */
  podLabels?: Record<string, string | undefined>;
  spec?: Partial<V1JobSpec>;
}

/** Makes a Job that never gets a pod, from a tier's template with another pod if one is given; gives its name. */
export async function createJob(
  by: ClusterConnection,
  namespace: string,
  tier?: string,
  { dryRun = false, pod = {}, podLabels = {}, spec = {} }: JobOptions = {},
): Promise<string> {
  const own = tier === 'free' ? 'free' : 'premium';
  const template: V1Job = parse(await readFile(pathOf(`../${own}_service/job/${own}-job-template.yaml`), 'utf8'));
  const { [tierLabel]: _, ...labels } = template.metadata!.labels!;
  Object.assign(template.spec!.template.spec!, pod);
  Object.assign(template.spec!.template.metadata!.labels!, podLabels);
  const name = `policy-${randomBytes(6).toString('hex')}`;
  const metadata = { ...template.metadata, name, labels: { ...labels, ...(tier && { [tierLabel]: tier }) } };
  const query = dryRun ? { dryRun: 'All' } : {};
  const job = { ...template, metadata, spec: { ...template.spec, suspend: true, ...spec } };
  await by.create(jobsIn(namespace), job, { query });
  return name;
}

/** `done`, or why the API server refused. */
export async function tryOut(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    return `${error.status} ${error.message.replace(/.*denied request: /s, '')}`;
  }
}

const securityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** A container as the template has it, but for what is given. */
export const container = (change: Partial<V1Container> = {}): V1Container => ({
  name: 'classify',
  image: 'busybox',
  securityContext,
  ...change,
});
const having = (more: V1Container['securityContext']) => ({
  containers: [container({ securityContext: { ...securityContext, ...more } })],
});
const fromSecret = { name: 'STOLEN', valueFrom: { secretKeyRef: { name: 'theirs', key: 'password' } } };

const account = 'no account of their own and no token (automountServiceAccountToken false)';
const node = 'not share the network, the processes or the ports of their node';
const volumes = 'no volumes other than emptyDir';
const environment = 'not take their environment from Secrets or ConfigMaps';

/** What a tier's Jobs may not reach, and what they may then have. */
export const refusedReach: [what: string, pod: Partial<V1PodSpec>, may: string][] = [
  ["somebody else's account", { serviceAccountName: 'neighbour' }, account],
  ['a token', { automountServiceAccountToken: true }, account],
  ['a token by not saying otherwise', { automountServiceAccountToken: undefined }, account],
  ["the node's network", { hostNetwork: true }, node],
  ["the node's processes", { hostPID: true }, node],
  ["the node's shared memory", { hostIPC: true }, node],
  ["a port of the node's", { containers: [container({ ports: [{ containerPort: 80, hostPort: 80 }] })] }, node],
  ["the node's files", { volumes: [{ name: 'all', hostPath: { path: '/' } }] }, volumes],
  ["somebody else's Secret", { volumes: [{ name: 'theirs', secret: { secretName: 'theirs' } }] }, volumes],
  [
    "a token's volume",
    { volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] },
    volumes,
  ],
  ['a Secret as a variable', { containers: [container({ env: [fromSecret] })] }, environment],
  ['a Secret as variables', { containers: [container({ envFrom: [{ secretRef: { name: 'theirs' } }] })] }, environment],
];

/** Rights that they may not have. */
export const refusedRights: [what: string, pod: Partial<V1PodSpec>][] = [
  ['privileged', having({ privileged: true, allowPrivilegeEscalation: true })],
  ['no securityContext', { containers: [container({ securityContext: undefined })] }],
  ['escalation', having({ allowPrivilegeEscalation: undefined })],
  ['root', { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }],
  ['root in one container', having({ runAsNonRoot: false })],
  ['capabilities that were not dropped', having({ capabilities: { drop: ['NET_RAW'] } })],
  ['capabilities that were added', having({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } })],
  ['an image that it can write to', having({ readOnlyRootFilesystem: undefined })],
  ['every system call', having({ seccompProfile: { type: 'Unconfined' } })],
  ['every system call, by not saying otherwise', { securityContext: { runAsNonRoot: true } }],
  [
    'a privileged init container',
    { initContainers: [container({ name: 'first', securityContext: { privileged: true } })] },
  ],
];

/** Labels that their pods may not have. */
export const refusedLabels: [what: string, podLabels: Record<string, string | undefined>][] = [
  ['no tier', { [tierLabel]: undefined }],
  ['another tier', { [tierLabel]: 'free' }],
  ['no part of anything', { 'app.kubernetes.io/part-of': undefined }],
  ['part of something else', { 'app.kubernetes.io/part-of': 'shop' }],
  ["a service's name", { 'app.kubernetes.io/name': 'web-tier' }],
  ['no name', { 'app.kubernetes.io/name': undefined }],
  ["one that somebody else's Service selects", { app: 'shop' }],
];

/** A change of a Job's pod labels; those without a value are removed. */
export const changeLabels = (podLabels: Record<string, string | undefined>) => ({
  spec: {
    template: {
      metadata: {
        labels: Object.fromEntries(Object.entries(podLabels).map(([key, value]) => [key, value ?? null])),
      },
    },
  },
});

/** Has a Job count pods that are not its own: all that somebody has not labelled so. */
export const countsOthers: Partial<V1JobSpec> = {
  manualSelector: true,
  selector: { matchExpressions: [{ key: 'theirs', operator: 'DoesNotExist' }] },
};
