import type { Progress } from './progress.ts';

const pattern = /^Epoch \[(\d+)\/(\d+)\], Step \[(\d+)\/(\d+)\], Loss: (\S+)/;

/** The progress that a line of the job's log tells, e.g. `Epoch [1/5], Step [100/600], Loss: 0.2846`; null if none. */
export function parseProgress(line: string): Progress | null {
  const found = pattern.exec(line);
  if (!found) return null;
  const [epoch, epochs, step, steps, loss] = found.slice(1).map(Number);
  if (![epoch, epochs, step, steps, loss].every(Number.isFinite)) return null;
  return { epoch: epoch!, epochs: epochs!, step: step!, steps: steps!, loss: loss! };
}

/** Steps done in all: the same for the same line on any replica, and greater for a later one. */
export function progressOrdinal({ epoch, step, steps }: Progress): number {
  return (epoch - 1) * steps + step;
}
