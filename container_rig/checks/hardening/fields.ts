// The fields of a pod that hold it to something, and what the probe in it finds otherwise without them.
import type { PodSpec } from '../cluster-tools.ts';
import type { Findings } from '../probe/probe.ts';

export interface Field {
  name: string;
  /** What tells whether it is there. */
  finding: keyof Findings;
  /** Takes it out of a spec. Gives whether it was there. */
  remove: (spec: PodSpec) => boolean;
}

type Container = PodSpec['containers'][number];

const containersOf = (spec: PodSpec): Container[] => [...(spec.initContainers ?? []), ...spec.containers];

/** Deletes a key of each of these objects; gives whether any had it. */
function deleteFrom(objects: (object | undefined)[], key: string): boolean {
  const having = objects.filter((object) => object && key in object) as Record<string, unknown>[];
  for (const object of having) delete object[key];
  return having.length > 0;
}

const ofContainers = (finding: keyof Findings, key: string): Field => ({
  name: key,
  finding,
  remove: (spec) =>
    deleteFrom(
      containersOf(spec).map(({ securityContext }) => securityContext),
      key,
    ),
});
const ofPod = (finding: keyof Findings, key: string): Field => ({
  name: key,
  finding,
  remove: (spec) => deleteFrom([spec.securityContext], key),
});
const ofResources = (finding: keyof Findings, kind: 'requests' | 'limits', key: string): Field => ({
  name: `${kind}.${key}`,
  finding,
  remove: (spec) =>
    deleteFrom(
      containersOf(spec).map(({ resources }) => resources?.[kind]),
      key,
    ),
});

export const fields: Field[] = [
  ofContainers('root', 'readOnlyRootFilesystem'),
  ofContainers('no_new_privileges', 'allowPrivilegeEscalation'),
  ofContainers('capabilities', 'capabilities'),
  ofPod('seccomp', 'seccompProfile'),
  ofPod('group', 'runAsGroup'),
  ofResources('memory_limit', 'limits', 'memory'),
  ofResources('cpu_quota', 'limits', 'cpu'),
  {
    name: 'automountServiceAccountToken',
    finding: 'token',
    remove: (spec) => deleteFrom([spec], 'automountServiceAccountToken'),
  },
  {
    name: 'enableServiceLinks',
    finding: 'service_variables',
    remove: (spec) => deleteFrom([spec], 'enableServiceLinks'),
  },
];

/** Fields of securityContext and resources that no probe misses, and why. */
export const exceptions: Record<string, string> = {
  runAsUser: 'the images say the same user; that no other is run is what runAsNonRoot is for',
  runAsNonRoot: 'has a test of its own: a pod that asks for user 0 does not start',
  fsGroup: 'the group that the pod has anyway; for volumes whose provisioner leaves them to root',
  fsGroupChangePolicy: 'how often the volume is looked through',
  'requests.cpu': "where a pod is placed: manifests/overlays.cluster.test.ts counts the nodes' room",
  'requests.memory': "where a pod is placed: manifests/overlays.cluster.test.ts counts the nodes' room",
};
