// Events that the node records of its pods, for `kubectl describe`: few, repeated ones counted up, and never in the way
// of anything else.
import { randomUUID } from 'node:crypto';
import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';

interface RecordedEvent {
  path: string;
  name: string;
  count: number;
  isSent: boolean;
}

export type EventRecorder = ReturnType<typeof createEventRecorder>;

/** Repetitions are counted for so many different events; older ones begin anew. */
const maxRemembered = 500;
/** More than this many unsent events mean that the API server is away; what follows is dropped. */
const maxUnsent = 200;

/** Sends one event at a time, in order, in the background. A failed one is not repeated. */
export function createEventRecorder(cluster: ClusterConnection, nodeName: string) {
  const recorded = new Map<string, RecordedEvent>();
  let unsent = 0;
  let sending: Promise<unknown> = Promise.resolve();

  async function send(pod: V1Pod, event: RecordedEvent, body: CoreV1Event): Promise<void> {
    try {
      if (event.isSent) {
        const { count, lastTimestamp } = body;
        await cluster.patch(`${event.path}/${event.name}`, { count, lastTimestamp }, { type: 'merge' });
      } else {
        await cluster.create(event.path, body);
        event.isSent = true;
      }
    } catch {
      recorded.delete(keyOf(pod, body));
    } finally {
      unsent--;
    }
  }

  return {
    /** @param container of whose the event is; the pod's if left out */
    record(pod: V1Pod, type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
      if (unsent >= maxUnsent) return;
      const body = describeEvent(pod, type, reason, message, container, nodeName);
      const key = keyOf(pod, body);
      const path = `/api/v1/namespaces/${pod.metadata!.namespace}/events`;
      const event = recorded.get(key) ?? { path, name: body.metadata.name!, count: 0, isSent: false };
      recorded.delete(key);
      recorded.set(key, event);
      if (recorded.size > maxRemembered) recorded.delete(recorded.keys().next().value!);
      event.count++;
      body.count = event.count;
      unsent++;
      sending = sending.then(() => send(pod, event, body));
    },
    /** Settles when all that was recorded has been sent. */
    flush: () => sending,
  };
}

function describeEvent(
  pod: V1Pod,
  type: string,
  reason: string,
  message: string,
  container: string | undefined,
  host: string,
): CoreV1Event {
  const { name, namespace, uid, resourceVersion } = pod.metadata!;
  const now = new Date();
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${randomUUID().slice(0, 13).replace('-', '')}`, namespace: namespace! },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      name: name!,
      namespace: namespace!,
      uid: uid!,
      resourceVersion: resourceVersion!,
      ...(container && { fieldPath: `spec.containers{${container}}` }),
    },
    type,
    reason,
    message: message.slice(0, 1024),
    source: { component: 'kubelet', host },
    reportingComponent: 'kubelet',
    reportingInstance: host,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}

function keyOf(pod: V1Pod, { reason, message, involvedObject }: CoreV1Event): string {
  return [pod.metadata!.uid, involvedObject.fieldPath, reason, message].join('\n');
}
