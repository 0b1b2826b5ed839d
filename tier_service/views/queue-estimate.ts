// When jobs will end and start, judged by how long the last ones took.
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { choicesOf } from '../state/annotations.ts';

/** So many of the last jobs are looked at. */
const sampleSize = 20;
/** For so long estimates are kept while nothing changes, in milliseconds. */
const keptMs = 2_000;

export interface QueueEstimateOptions {
  index: JobIndex;
  /** How many jobs may have a place at a time; undefined where nothing limits them. */
  places: () => number | undefined;
  now?: () => number;
}

export type QueueEstimate = ReturnType<typeof createQueueEstimate>;

/** Epochs for a job that trains, and 1 for one that evaluates: what its duration is in proportion to. */
function unitsOf({ job }: JobRecord): number {
  const { epochs, pretrained } = choicesOf(job);
  return pretrained ? 1 : (epochs ?? 1);
}

const isTraining = ({ job }: JobRecord) => !choicesOf(job).pretrained;

export function createQueueEstimate({ index, places, now = Date.now }: QueueEstimateOptions) {
  let kept: { version: number; at: number; startsMs: number[] } | undefined;

  function finishedSeconds({ state }: JobRecord): number {
    return (Date.parse(state.finishedAt ?? '') - Date.parse(state.startedAt ?? '')) / 1_000;
  }

  /** What a running job's progress tells of the seconds that an epoch takes. */
  function runningSecondsPerEpoch({ state, progress }: JobRecord): number {
    if (!progress) return Number.NaN;
    const epochsDone = progress.epoch - 1 + progress.step / progress.steps;
    return (now() - Date.parse(state.startedAt ?? '')) / 1_000 / epochsDone;
  }

  /** Seconds for each unit of jobs that train, or of those that do not; undefined while nothing tells. */
  function secondsPerUnit(training: boolean): number | undefined {
    const succeeded = index.finished.slice(-sampleSize).filter(({ state }) => state.status === 'succeeded');
    const alike = succeeded.filter((record) => isTraining(record) === training);
    const typical = median(alike.map((record) => finishedSeconds(record) / unitsOf(record)));
    return typical ?? (training ? median([...index.running].map(runningSecondsPerEpoch)) : undefined);
  }

  /** When each of those that wait will start, in milliseconds since 1970; as many as can be told. */
  function estimateStarts(): number[] {
    const perUnit = { train: secondsPerUnit(true), evaluate: secondsPerUnit(false) };
    const durationMs = (record: JobRecord) =>
      ((isTraining(record) ? perUnit.train : perUnit.evaluate) ?? Number.NaN) * unitsOf(record) * 1_000;
    const present = now();
    const ends = [...index.running, ...index.starting].map((record) =>
      Math.max(present, (Date.parse(record.state.startedAt ?? '') || present) + durationMs(record)),
    );
    const free = [...ends, ...Array<number>(Math.max(0, (places() ?? 0) - ends.length)).fill(present)];
    const starts: number[] = [];
    for (const record of index.queue) {
      const start = Math.min(...free);
      // Math.min is NaN where an end is unknown, and infinite where there is no place at all.
      if (!Number.isFinite(start)) break;
      starts.push(start);
      free[free.indexOf(start)] = start + durationMs(record);
    }
    return starts;
  }

  return {
    /** When a job that waits will start, RFC 3339 in whole seconds; null for any other, and while nothing tells. */
    startOf(record: JobRecord): string | null {
      const position = index.queuePosition(record);
      if (position === null) return null;
      if (kept?.version !== index.version() || performance.now() - kept.at > keptMs) {
        kept = { version: index.version(), at: performance.now(), startsMs: estimateStarts() };
      }
      const startMs = kept.startsMs[position - 1];
      return startMs === undefined ? null : `${new Date(startMs).toISOString().slice(0, 19)}Z`;
    },

    /** In how many seconds a job will have ended, so that another is taken: a median job's share of the places. */
    secondsUntilRoom(): number {
      const typical = median(index.finished.slice(-sampleSize).map(finishedSeconds)) ?? 10;
      const placed = index.counts.running + index.counts.starting;
      return Math.min(300, Math.max(1, Math.ceil(typical / Math.max(1, placed))));
    },
  };
}

function median(values: number[]): number | undefined {
  const sorted = values.filter(Number.isFinite).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}
