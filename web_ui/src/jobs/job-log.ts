/**
 * A job's log and the curve that it tells of. The log is read again whenever there is news of the job, instead of being
 * followed: a followed log would take a connection of its own, and a browser has six for each host. It is there as long
 * as the job is, when its pod has gone, too.
 */
import { parseProgress } from '@ml-job-mesh/tier-service/state/progress-line.ts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { call } from '../api/client.ts';
import { type CurvePoint, epochOf } from '../parts/curve-points.ts';
import { hasEnded, type Job } from './tier-state.ts';
import { useThrottled } from './use-throttled.ts';

export interface JobLog {
  /** What has been written so far; undefined before there is anything, or where nothing was kept. */
  text: string | undefined;
  isLoading: boolean;
  /** Why it cannot be read, where that is not because there is none. */
  error: ApiError | undefined;
}

/** While a job learns, its log is read at most so often: each reading goes to Kubernetes. */
const readingMs = 1_500;

/** The address of a job's log. */
export const logPath = ({ tier, id }: Pick<Job, 'tier' | 'id'>) => `/${tier}/jobs/${id}/logs`;

/** A job's log, as it grows. */
export function useJobLog(job: Job): JobLog {
  const path = logPath(job);
  const { progress, status, started_at: started } = job;
  const hasNone = status === 'queued' || status === 'starting' || (hasEnded(job) && started === null);
  const news = useThrottled(`${progress?.epoch} ${progress?.step}`, readingMs);
  const query = useQuery({
    queryKey: [path, hasEnded(job) ? status : news],
    queryFn: ({ signal }) => readLog(path, signal),
    // Between two readings the text stays; but never that of another job.
    placeholderData: (text, before) => (before?.queryKey[0] === path ? keepPreviousData(text) : undefined),
    // What a job writes at its end may follow its last news by a moment.
    refetchInterval: ({ state }) => (hasEnded(job) && state.dataUpdateCount < 2 && !state.error ? 1_500 : false),
    staleTime: hasEnded(job) ? 60_000 : 2_000,
    gcTime: 60_000,
    enabled: !hasNone,
    retry: (count, error) => toApiError(error).isTemporary && count < 30,
    retryDelay: 2_000,
  });
  const error = query.error ? toApiError(query.error) : undefined;
  return { text: query.data || undefined, isLoading: query.isPending && !hasNone && !error, error };
}

/** The text of a log; empty where there is none. */
async function readLog(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await (await call(path, { signal })).text();
  } catch (error) {
    if (toApiError(error).code === 'log_not_found') return '';
    throw error;
  }
}

/** The loss by epoch, from the log, and from the job's newest progress where the log is behind it. */
export function useLossCurve(job: Job, text: string | undefined): CurvePoint[] {
  const { progress } = job;
  const points = useMemo(() => pointsOf(text ?? ''), [text]);
  return useMemo(() => {
    if (!progress || (points.at(-1)?.x ?? 0) >= epochOf(progress)) return points;
    return [...points, { x: epochOf(progress), y: progress.loss }];
  }, [points, progress]);
}

/** The points that a log tells of. A log that begins in the middle begins its curve there. */
export function pointsOf(text: string): CurvePoint[] {
  return text.split('\n').flatMap((line) => {
    const progress = parseProgress(line);
    return progress ? [{ x: epochOf(progress), y: progress.loss }] : [];
  });
}
