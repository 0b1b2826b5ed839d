// What each bound of a namespace is for, as something to try: it is refused as long as the bound is there.
import type { V1Container, V1LimitRange, V1Pod, V1PodSpec, V1ResourceQuota } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import { ask } from './copies.ts';

/** Tries something in a namespace; gives what came of it. */
export type Trial = (namespace: string) => Promise<string>;

type Resources = NonNullable<V1Container['resources']>;

const podsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;

/** What Pod Security asks for where it is `restricted`. */
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** A pod that no scheduler places, with a container for each of these. */
function podOf(resources: (Resources | undefined)[], spec: Partial<V1PodSpec> = {}): V1Pod {
  const containers = resources.map((each, i) => ({
    name: `c${i}`,
    image: 'none',
    securityContext: restricted,
    ...(each && { resources: each }),
  }));
  const metadata = { generateName: 'trial-' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, schedulerName: 'none', ...spec } };
}

const little: Resources = { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } };

/** A pod that takes over its node. */
export const takeOverNode: Trial = (namespace) => {
  return ask(podsOf(namespace), podOf([little], { hostPID: true, hostNetwork: true }));
};

const bytes = (value: number) => `${Math.ceil(value / 1_000)}`;
const millis = (value: number) => `${value}m`;
const write = { cpu: millis, memory: bytes };

/** A container that is a little larger than a range's greatest. */
export function tooLarge(range: V1LimitRange, resource: 'cpu' | 'memory'): Trial {
  const greatest = scaledValue(range.spec!.limits[0]!.max![resource]!, -3);
  const asked = write[resource](resource === 'cpu' ? greatest + 1 : greatest + 1_000);
  const resources = { requests: little.requests!, limits: { ...little.limits!, [resource]: asked } };
  return (namespace) => ask(podsOf(namespace), podOf([resources]));
}

/** What a container has that states nothing, as the API server fills it in. */
export const whatNobodyStates: Trial = (namespace) => ask(podsOf(namespace), podOf([undefined]), 'describe');

/** One more than a quota allows, of objects, or of what containers ask for. */
export function oneTooMany(quota: V1ResourceQuota, key: string, range?: V1LimitRange): Trial {
  const hard = quota.spec!.hard![key]!;
  const [field, resource] = key.split('.') as ['requests' | 'limits', 'cpu' | 'memory'];
  if (['requests', 'limits'].includes(field)) return askForMore(scaledValue(hard, -3), field, resource, range);
  return async (namespace) => {
    const [path, object] = objectOf(key, namespace);
    for (let count = 0; count < Number(hard); count++) await ask(path, object, 'keep');
    return ask(path, object);
  };
}

/** As many containers as it takes, none larger than the range allows. */
function askForMore(
  hard: number,
  field: 'requests' | 'limits',
  resource: 'cpu' | 'memory',
  range?: V1LimitRange,
): Trial {
  const greatest = range ? scaledValue(range.spec!.limits[0]!.max![resource]!, -3) : hard + 1_000;
  const unit = resource === 'cpu' ? 1 : 1_000;
  const count = Math.ceil((hard + unit) / greatest);
  const sizes = Array.from({ length: count }, () => Math.ceil((hard + unit) / count));
  const resources = sizes.map((size) => {
    const amount = { [resource]: write[resource](size) };
    const limits = { ...little.limits, ...amount };
    return { requests: field === 'requests' ? { ...little.requests, ...amount } : little.requests!, limits };
  });
  return (namespace) => ask(podsOf(namespace), podOf(resources));
}

/** An object that a quota counts, and where it is made. */
function objectOf(key: string, namespace: string): [path: string, object: object] {
  const metadata = { generateName: 'trial-' };
  const selector = { matchLabels: { app: 'trial' } };
  const template = { metadata: { labels: { app: 'trial' } }, spec: podOf([little]).spec };
  const core = (plural: string) => `/api/v1/namespaces/${namespace}/${plural}`;
  const apps = (plural: string) => `/apis/apps/v1/namespaces/${namespace}/${plural}`;
  const claim = { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } };
  const job = { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } };
  const objects: Record<string, [string, object]> = {
    pods: [core('pods'), podOf([little])],
    services: [core('services'), { metadata, spec: { clusterIP: 'None' } }],
    persistentvolumeclaims: [core('persistentvolumeclaims'), { metadata, spec: claim }],
    replicationcontrollers: [
      core('replicationcontrollers'),
      { metadata, spec: { replicas: 0, selector: { app: 'trial' }, template } },
    ],
    'count/deployments.apps': [apps('deployments'), { metadata, spec: { replicas: 0, selector, template } }],
    'count/replicasets.apps': [apps('replicasets'), { metadata, spec: { replicas: 0, selector, template } }],
    'count/statefulsets.apps': [
      apps('statefulsets'),
      { metadata, spec: { replicas: 0, serviceName: 'x', selector, template } },
    ],
    'count/daemonsets.apps': [apps('daemonsets'), { metadata, spec: { selector, template } }],
    'count/cronjobs.batch': [
      `/apis/batch/v1/namespaces/${namespace}/cronjobs`,
      { metadata, spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: job } } },
    ],
  };
  const found = objects[key];
  if (!found) throw new Error(`there is nothing to try for the quota's ${key}`);
  return found;
}
