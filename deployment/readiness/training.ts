/** Waits for the training Job, telling how far it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Job, V1PodList } from '@kubernetes/client-node';
import { formatSeconds } from '../../local_cluster/install/screen.ts';
import type { ReadApi } from '../cluster/kubectl.ts';
import { retryReads } from '../cluster/retry.ts';
import { findReasons } from './pod-reasons.ts';
import { findTroubles, watchTroubles } from './troubles.ts';

const namespace = 'ml-pipeline';
const name = 'ml-training-job';
const claim = 'ml-pipeline-storage';
const jobPath = `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`;
const podsPath = `/api/v1/namespaces/${namespace}/pods?labelSelector=batch.kubernetes.io%2Fjob-name%3D${name}`;
/** How many lines of its log a message has. */
const tailLines = 5;

/** How to wait. */
export interface TrainingWait {
  read: ReadApi;
  /** Reads what is no JSON. */
  readText: (path: string) => Promise<string>;
  /** Told how far it is. */
  say: (text: string) => void;
  signal: AbortSignal;
  withinMs: number;
  pollMs: number;
  /** Whether to give up early where waiting does not help. */
  noticesTroubles?: boolean;
}

/**
 * Waits until the Job has succeeded. Gives how long it took, in milliseconds.
 * @throws Error that says what the Job said last, when it has failed or is not done after `withinMs`, or what is in its way
 */
export async function waitForTraining(how: TrainingWait): Promise<number> {
  const wait = { ...how, read: retryReads(how.read, how) };
  const { read, say, signal, withinMs, pollMs, noticesTroubles = false } = wait;
  const troubles = watchTroubles();
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    signal.throwIfAborted();
    const { status = {} } = await read<V1Job>(jobPath);
    const ended = status.conditions?.find(({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True');
    if (ended?.type === 'Complete') return durationOf(status);
    if (ended) throw new Error(`${name} has failed (${ended.reason}: ${ended.message}). ${await lastWords(wait)}`);
    if (performance.now() > giveUpAt) {
      throw new Error(
        `${name} is not done after ${formatSeconds(withinMs)}; it goes on in the cluster, and running this again waits ` +
          `for it. ${await lastWords(wait)}`,
      );
    }
    if (noticesTroubles) troubles.check(findTroubles((await read<V1PodList>(podsPath)).items));
    say(await describeProgress(wait));
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

function durationOf({ startTime, completionTime }: NonNullable<V1Job['status']>): number {
  return Date.parse(`${completionTime}`) - Date.parse(`${startTime}`);
}

async function describeProgress(wait: TrainingWait): Promise<string> {
  const { lines, reasons } = await lookAtPods(wait, 1);
  if (lines) return lines.split('\n').at(-1)!.trim();
  // The scheduler's own words for this are long, and most often true for a moment only.
  if (/unbound immediate PersistentVolumeClaims/.test(reasons))
    return `waiting for the volume of ${name} (claim ${claim})`;
  return reasons ? `waiting for the pod of ${name}: ${reasons}` : `waiting for the pod of ${name}`;
}

async function lastWords(wait: TrainingWait): Promise<string> {
  const { lines, reasons } = await lookAtPods(wait, tailLines);
  return lines ? `Its last lines:\n${lines.replaceAll(/^/gm, '  ')}` : reasons || 'It has printed nothing';
}

/** The last lines of the newest pod's log, empty where there are none, and what its pods wait for. */
async function lookAtPods(
  { read, readText }: TrainingWait,
  count: number,
): Promise<{ lines: string; reasons: string }> {
  const pods = await read<V1PodList>(podsPath);
  const ages = pods.items.map(({ metadata }) => `${metadata!.creationTimestamp} ${metadata!.name}`);
  const newest = ages.sort().at(-1)?.split(' ')[1];
  const log = `/api/v1/namespaces/${namespace}/pods/${newest}/log?tailLines=${count}`;
  const lines = newest === undefined ? '' : await readText(log).catch(() => '');
  return { lines: lines.trimEnd(), reasons: findReasons(pods).join(' | ') };
}
