// What a tier keeps of each Job, read from both forms in which the API server sends one.
import { join } from 'node:path';
import { protobufReader } from '@ml-job-mesh/cluster-client';
import { annotation } from '../state/annotations.ts';
import type { KnownContainer, KnownJob, KnownPodSpec } from '../state/kubernetes-objects.ts';

/** A Job with what is kept of it alone. */
export function keepJob({ metadata, spec, status }: KnownJob): KnownJob {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata!;
  const { labels } = metadata!;
  const annotations = keepAnnotations(metadata!.annotations);
  return {
    metadata: {
      ...{ name, namespace, uid, resourceVersion, creationTimestamp, labels, annotations },
      ...(deletionTimestamp && { deletionTimestamp }),
    },
    spec: {
      suspend: spec?.suspend,
      activeDeadlineSeconds: spec?.activeDeadlineSeconds,
      ttlSecondsAfterFinished: spec?.ttlSecondsAfterFinished,
      template: { spec: keepPodSpec(spec?.template.spec) },
    },
    status: { conditions: status?.conditions?.map(keepCondition), completionTime: status?.completionTime },
  };
}

type Annotations = NonNullable<KnownJob['metadata']>['annotations'];

/** All but the log: a thousand of them would take 16 MiB, and it is read from the API server when it is asked for. */
function keepAnnotations(annotations: Annotations): Annotations {
  if (annotations?.[annotation.log] === undefined) return annotations;
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => name !== annotation.log));
}

function keepPodSpec(spec: KnownPodSpec | undefined): KnownPodSpec {
  const { activeDeadlineSeconds, containers = [], initContainers } = spec ?? {};
  return {
    activeDeadlineSeconds,
    containers: containers.map(keepContainer),
    ...(initContainers && { initContainers: initContainers.map(keepContainer) }),
  };
}

type Condition = NonNullable<NonNullable<KnownJob['status']>['conditions']>[number];

function keepCondition({ type, status, lastTransitionTime, reason, message }: Condition): Condition {
  return { type, status, lastTransitionTime, reason, message };
}

function keepContainer({ name, resources, restartPolicy }: KnownContainer): KnownContainer {
  return { name, resources, restartPolicy };
}

/** The Job of `job.proto`: Kubernetes' own, but for its times and quantities, which are messages there. */
interface JobMessage {
  metadata?: Omit<Metadata, 'creationTimestamp' | 'deletionTimestamp'> & {
    creationTimestamp?: TimeMessage;
    deletionTimestamp?: TimeMessage;
  };
  spec?: Omit<Spec, 'template'> & { template?: { spec?: PodSpecMessage } };
  status?: { conditions?: ConditionMessage[]; completionTime?: TimeMessage };
}
type Metadata = NonNullable<KnownJob['metadata']>;
type Spec = NonNullable<KnownJob['spec']>;
type PodSpecMessage = Pick<KnownPodSpec, 'activeDeadlineSeconds'> & {
  containers?: ContainerMessage[];
  initContainers?: ContainerMessage[];
};
type TimeMessage = { seconds?: number };
type ConditionMessage = Omit<Condition, 'lastTransitionTime'> & { lastTransitionTime?: TimeMessage };
type QuantityMessages = Record<string, { string: string }>;
type ContainerMessage = Omit<KnownContainer, 'resources'> & {
  resources?: { limits?: QuantityMessages; requests?: QuantityMessages };
};

const readMessage = protobufReader<JobMessage>(join(import.meta.dirname, 'job.proto'), 'Job');

/** Reads a Job in Kubernetes' binary form: what `keepJob` makes of the same Job in JSON. */
export function readKeptJob(bytes: Uint8Array): KnownJob {
  const { metadata, spec, status } = readMessage(bytes);
  const { creationTimestamp, deletionTimestamp } = metadata ?? {};
  return keepJob({
    metadata: {
      ...metadata,
      creationTimestamp: timeOf(creationTimestamp),
      deletionTimestamp: timeOf(deletionTimestamp),
    },
    spec: { ...spec, template: { spec: podSpecOf(spec?.template?.spec) } },
    status: {
      conditions: status?.conditions?.map((condition) => ({
        ...condition,
        lastTransitionTime: timeOf(condition.lastTransitionTime),
      })),
      completionTime: timeOf(status?.completionTime),
    },
  });
}

function podSpecOf({ activeDeadlineSeconds, containers = [], initContainers }: PodSpecMessage = {}): KnownPodSpec {
  return {
    activeDeadlineSeconds,
    containers: containers.map(containerOf),
    ...(initContainers && { initContainers: initContainers.map(containerOf) }),
  };
}

function containerOf({ resources, ...container }: ContainerMessage): KnownContainer {
  return {
    ...container,
    resources: { limits: amountsOf(resources?.limits), requests: amountsOf(resources?.requests) },
  };
}

function amountsOf(quantities: QuantityMessages | undefined): Record<string, string> | undefined {
  return (
    quantities && Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, quantity.string]))
  );
}

/** RFC 3339 in whole seconds, as the API server writes it in JSON. */
function timeOf(time: TimeMessage | undefined): string | undefined {
  return time?.seconds === undefined ? undefined : `${new Date(time.seconds * 1_000).toISOString().slice(0, 19)}Z`;
}
