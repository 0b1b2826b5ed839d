// What the API is told of a pod: its status as it changes, and at last that nothing of the pod is left here.
import type { V1Pod } from '@kubernetes/client-node';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { neverRun } from '../container/container-status.ts';
import type { PodContainer } from '../container/pod-container.ts';
import type { AddressPair } from '../network/addresses.ts';
import type { NodeContext } from './node-context.ts';
import { derivePodStatus, type PodOutcome } from './pod-status.ts';
import { createStatusWriter } from './status-writer.ts';

/** Where a pod is. */
export interface PodPosition {
  pod: V1Pod;
  containers: PodContainer[];
  address: AddressPair | undefined;
  startTime: Date;
  outcome: PodOutcome | undefined;
}

/** A pod that is just starting is not reported before it runs, unless that takes longer than this. */
const quietStartMs = 150;

export type PodReporter = ReturnType<typeof createPodReporter>;

/** Starts with what the API says of the pod already. */
export function createPodReporter(boundPod: V1Pod, node: NodeContext) {
  const boundAt = Date.now();
  const { namespace, name, uid } = boundPod.metadata!;
  const writer = createStatusWriter(node.cluster, boundPod, boundPod.status, (message) =>
    node.log(`status of ${namespace}/${name} was not taken: ${message}`),
  );
  let conditions = boundPod.status?.conditions ?? [];
  let isSilent = false;
  let isConfirmed = false;

  return {
    /** Gives the milliseconds after which to report again, where it is too early to do so now. */
    report({ pod, containers, address, startTime, outcome }: PodPosition): number | undefined {
      if (isSilent) return undefined;
      const now = new Date();
      const { nodeAddress } = node;
      const views = containers.map((container) => (outcome ? lastViewOf(container, uid!) : container.view(uid!)));
      const status = derivePodStatus(
        { pod, address, nodeAddress, startTime, containers: views, outcome, conditions },
        now,
      );
      conditions = status.conditions ?? [];
      const isQuiet = status.phase === 'Pending' && !views.some(({ waiting }) => waiting);
      const quietLeftMs = boundAt + quietStartMs - now.getTime();
      if (isQuiet && quietLeftMs > 0 && !pod.status?.startTime) return quietLeftMs;
      writer.report(status);
      return undefined;
    },

    /** Settles when the API has taken the last report. */
    written: () => writer.written(),

    /** The last word about a pod that was deleted and has ended. @throws KubernetesError when it was not heard */
    async confirmDeletion(): Promise<void> {
      if (isSilent || isConfirmed) return;
      await writer.written();
      const options = { gracePeriodSeconds: 0, preconditions: { uid } };
      try {
        await node.cluster.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, options);
      } catch (fault) {
        const isGone = fault instanceof KubernetesError && (fault.status === 404 || fault.status === 409);
        if (!isGone) throw fault;
      }
      isConfirmed = true;
    },

    /** Says nothing more. */
    stop(): void {
      isSilent = true;
      writer.stop();
    },
  };
}

/** A container of a pod that is over waits for nothing, and ended if only by never having run. */
function lastViewOf(container: PodContainer, podUid: string): ReturnType<PodContainer['view']> {
  const view = { ...container.view(podUid), waiting: undefined };
  return view.exit ? view : { ...view, id: '', exit: neverRun };
}
