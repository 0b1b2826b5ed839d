/** A job in words. */
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';

const BAR_WIDTH = 24;

/** Reasons to wait that every job has for a while; any other is worth a word. */
const ordinaryReasons = ['next', 'quota_full', 'pod_not_made', 'not_scheduled', 'container_creating'];

/** What there is to say of a job now, in a line. */
export function describeJob(job: Job, now = Date.now()): string {
  const { status, progress, result, error } = job;
  switch (status) {
    case 'queued':
      return `${describePlace(job, now)}${describeReason(job)}`;
    case 'starting':
      return `starting${describeReason(job)}`;
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

function describePlace({ queue_position: position, estimated_start_at: start }: Job, now: number): string {
  if (!position) return 'queued';
  const place = `queued, number ${position} in line`;
  const waitMs = start === null ? 0 : Date.parse(start) - now;
  return waitMs < 1_000 ? place : `${place}, starts in about ${inLargestUnit(waitMs)}`;
}

function describeReason({ waiting_reason: reason }: Job): string {
  return reason && !ordinaryReasons.includes(reason.code) ? `: ${reason.message} (${reason.code})` : '';
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
  return inLargestUnit(now - Date.parse(time));
}

function inLargestUnit(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
