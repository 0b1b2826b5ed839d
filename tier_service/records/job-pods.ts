// Which pod counts for a job. Pods belong to the Job whose uid they carry, whatever their names, and may be seen before it.
import { controllerUidOf, type KnownJob, type Pod } from '../state/kubernetes-objects.ts';

/** Starts with none; `put` feeds it from the watch on pods. */
export function createJobPods() {
  /** The pods that there are, by the uids of their Job and of their own. */
  const pods = new Map<string, Map<string, Pod>>();
  /** Pods that ended because their Job was suspended: nothing that happens to them counts for the job any more. */
  const dismissed = new Set<string>();

  function counting(jobUid: string): Pod[] {
    return [...(pods.get(jobUid)?.values() ?? [])].filter(({ metadata }) => !dismissed.has(metadata!.uid!));
  }

  return {
    /** Takes note of what a watch shows. Gives the uid of the Job that the pod belongs to, if it belongs to one. */
    put(type: 'added' | 'modified' | 'deleted', pod: Pod): string | undefined {
      const jobUid = controllerUidOf(pod);
      if (!jobUid) return undefined;
      const uid = pod.metadata!.uid!;
      const ofJob = pods.get(jobUid) ?? new Map<string, Pod>();
      if (type === 'deleted') {
        ofJob.delete(uid);
        dismissed.delete(uid);
      } else ofJob.set(uid, pod);
      if (ofJob.size > 0) pods.set(jobUid, ofJob);
      else pods.delete(jobUid);
      return jobUid;
    },

    /**
     * The pod that counts for a Job. The last that was seen of one that is gone may still say how the job ended, unless
     * it went because the Job was suspended.
     * @param last the one that counted before
     */
    podOf({ metadata, spec }: KnownJob, last?: Pod): Pod | undefined {
      const jobUid = metadata!.uid!;
      if (spec?.suspend) {
        for (const pod of counting(jobUid)) if (isStopped(pod)) dismissed.add(pod.metadata!.uid!);
      }
      const candidates = counting(jobUid);
      if (candidates.length > 0) return candidates.reduce(preferred);
      return spec?.suspend || (last && dismissed.has(last.metadata!.uid!)) ? undefined : last;
    },
  };
}

/** True of a pod that is being deleted and has not succeeded. */
function isStopped({ metadata, status }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

/** Should a Job get two pods, the one that succeeded counts, else the one that is not being deleted, else the newer. */
function preferred(left: Pod, right: Pod): Pod {
  const [leftRank, rightRank] = [rankOf(left), rankOf(right)];
  if (leftRank !== rightRank) return leftRank > rightRank ? left : right;
  return (left.metadata?.creationTimestamp ?? '') > (right.metadata?.creationTimestamp ?? '') ? left : right;
}

function rankOf({ metadata, status }: Pod): number {
  if (status?.phase === 'Succeeded') return 2;
  return metadata?.deletionTimestamp ? 0 : 1;
}
