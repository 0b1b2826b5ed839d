/** A job in the words of the page. */
import type { Job } from './tier-state.ts';

/** A job that runs and says nothing for so long is worth a word. It has not crashed: that would be told. */
export const quietMs = 20_000;

/** How much of a job is done, from 0 to 1; undefined where that cannot be told. */
export function fractionDone({ status, progress }: Job): number | undefined {
  if (status === 'succeeded') return 1;
  if (!progress) return undefined;
  const { epoch, epochs, step, steps } = progress;
  return Math.min(1, ((epoch - 1) * steps + step) / (epochs * steps));
}

/** A job's status, `running 74 %`, `queued, number 1`. */
export function describeStatus(job: Job): string {
  const { status, queue_position: position, error } = job;
  if (status === 'queued') return position === null ? 'queued' : `queued, number ${position}`;
  if (status === 'failed') return error ? `failed: ${error.code.replaceAll('_', ' ')}` : 'failed';
  const done = fractionDone(job);
  if (status === 'running' && done !== undefined) return `running ${Math.floor(done * 100)} %`;
  return status;
}

/** Where in its training a job is, `epoch 4 of 5 · loss 0.071`. */
export function describeProgress({ progress, status, pretrained }: Job): string {
  if (progress) return `epoch ${progress.epoch} of ${progress.epochs} · loss ${formatLoss(progress.loss)}`;
  if (status === 'starting') return 'starting';
  return pretrained ? 'looking at the test images' : 'reading its images';
}

export const formatLoss = (loss: number): string => loss.toFixed(3);

/** How long it took, or has taken so far, in milliseconds; undefined before it runs. A clock that is behind counts from 0. */
export function runtimeMs({ started_at: started, finished_at: finished }: Job, now: number): number | undefined {
  if (started === null) return undefined;
  const end = finished === null ? now : Date.parse(finished);
  return Math.max(0, end - Date.parse(started));
}

/** A duration, `9 s`, `2 min 5 s`, `1 h 20 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** When a job that waits will start, `in about 6 s`; undefined where nobody can tell. */
export function describeStart({ estimated_start_at: start }: Pick<Job, 'estimated_start_at'>, now: number) {
  if (start === null) return undefined;
  const waitMs = Date.parse(start) - now;
  return waitMs < 1_500 ? 'any moment' : `in about ${formatDuration(waitMs)}`;
}

/** What the job's result says, `97.23 %`; undefined before there is one. */
export function accuracyOf({ result }: Job): string | undefined {
  return result ? `${result.accuracy.toFixed(2)} %` : undefined;
}
