/** A job in words. */
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';

const BAR_WIDTH = 24;

/** What there is to say of a job now, in less than a line. */
export function describeJob(job: Job): string {
  const { status, queue_position: position, progress, result, error } = job;
  switch (status) {
    case 'queued':
      return position ? `queued, number ${position} in line` : 'queued';
    case 'running':
      return progress
        ? `running, epoch ${progress.epoch}/${progress.epochs}, step ${progress.step}/${progress.steps}, loss ${progress.loss.toFixed(4)}`
        : 'running';
    case 'succeeded':
      return result
        ? `succeeded, accuracy ${result.accuracy} % of ${result.test_images} images, ${result.seconds} s`
        : 'succeeded';
    case 'failed':
      return error ? `failed, ${error.message} (${error.code})` : 'failed';
    default:
      return status;
  }
}

/** How much of the training is done, from 0 to 1. */
export function fractionDone({ status, progress }: Job): number {
  if (status === 'succeeded') return 1;
  if (!progress) return 0;
  const { epoch, epochs, step, steps } = progress;
  return Math.min(1, ((epoch - 1) * steps + step) / (epochs * steps));
}

/** One line of a terminal with a bar, cut to its width. */
export function progressLine(job: Job, columns: number): string {
  const filled = Math.round(fractionDone(job) * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  return `${bar} ${describeJob(job)}`.slice(0, Math.max(columns - 1, 1));
}

/** How long ago a moment was, in the largest unit that fits. */
export function ageOf(time: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
