// What a tier keeps of each Job: who it is, what it asks for, and how it stands. The rest, its pod's template and who
// wrote which field, would be most of the memory that a long queue takes.
import { join } from 'node:path';
import { protobufReader } from '@ml-job-mesh/cluster-client';
import type { Job, Pod } from '../state/kubernetes-objects.ts';

type Container = NonNullable<Pod['spec']>['containers'][number];

/** A Job with what is kept of it alone. */
export function keepJob({ metadata, spec, status }: Job): Job {
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels, annotations } = metadata!;
  const podSpec = spec?.template?.spec;
  return {
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp, labels, annotations },
    spec: {
      suspend: spec?.suspend,
      activeDeadlineSeconds: spec?.activeDeadlineSeconds,
      template: {
        spec: {
          activeDeadlineSeconds: podSpec?.activeDeadlineSeconds,
          containers: podSpec?.containers?.map(keepContainer) ?? [],
          initContainers: podSpec?.initContainers?.map(keepContainer),
        },
      },
    },
    status: { conditions: status?.conditions?.map(keepCondition), completionTime: status?.completionTime },
  } as Job;
}

type Condition = NonNullable<NonNullable<Job['status']>['conditions']>[number];

function keepCondition({ type, status, lastTransitionTime, reason, message }: Condition): Condition {
  return { type, status, lastTransitionTime, reason, message } as Condition;
}

function keepContainer({ name, resources, restartPolicy }: Container): Container {
  return { name, resources, restartPolicy } as Container;
}

/** The Job of `job.proto`: Kubernetes' own, but for its times and quantities, which are messages there. */
interface JobMessage {
  metadata?: Omit<Job['metadata'] & object, 'creationTimestamp'> & { creationTimestamp?: TimeMessage };
  spec?: {
    suspend?: boolean;
    activeDeadlineSeconds?: number;
    template?: {
      spec?: { activeDeadlineSeconds?: number; containers?: ContainerMessage[]; initContainers?: ContainerMessage[] };
    };
  };
  status?: { conditions?: ConditionMessage[]; completionTime?: TimeMessage };
}
type TimeMessage = { seconds?: number };
type ConditionMessage = { type: string; status: string; lastTransitionTime?: TimeMessage };
type QuantityMessages = Record<string, { string: string }>;
type ContainerMessage = { resources?: { limits?: QuantityMessages; requests?: QuantityMessages } };

const readMessage = protobufReader<JobMessage>(join(import.meta.dirname, 'job.proto'), 'Job');

/** Reads a Job in Kubernetes' binary form: what `keepJob` makes of the same Job in JSON. */
export function readKeptJob(bytes: Uint8Array): Job {
  const { metadata, spec, status } = readMessage(bytes);
  const podSpec = spec?.template?.spec;
  return keepJob({
    metadata: { ...metadata, creationTimestamp: timeOf(metadata?.creationTimestamp) },
    spec: {
      ...spec,
      template: {
        spec: {
          ...podSpec,
          containers: podSpec?.containers?.map(containerOf),
          initContainers: podSpec?.initContainers?.map(containerOf),
        },
      },
    },
    status: {
      conditions: status?.conditions?.map((condition) => ({
        ...condition,
        lastTransitionTime: timeOf(condition.lastTransitionTime),
      })),
      completionTime: timeOf(status?.completionTime),
    },
  } as Job);
}

function containerOf({ resources, ...container }: ContainerMessage): Container {
  const amounts = { limits: amountsOf(resources?.limits), requests: amountsOf(resources?.requests) };
  return { ...container, resources: amounts } as Container;
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
