import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import type { Call, Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { followJob, hasEnded } from '../follow-job.ts';
import { describeJob, progressLine } from '../job-text.ts';
import type { Terminal } from '../terminal.ts';
import { paint } from '../terminal.ts';

/** `mesh watch`: a progress bar on a terminal, lines elsewhere, until the job ends. */
export const watch: Command = {
  name: 'watch',
  summary: 'follow a job to its end',
  words: 'ID',
  wordCount: { least: 1, most: 1 },
  options: {},
  notes: 'A lost connection is taken up again where it was. The exit code tells how the job ended: 0, 1 or 3.',
  run: (call) => watchJob(call, call.words[0]!),
};

/** Follows a job to its end, and gives the exit code that says how it ended. */
export async function watchJob(call: Pick<Call, 'api' | 'terminal' | 'json'>, id: string): Promise<number> {
  const { api, terminal, json } = call;
  const show = json ? showJson(terminal) : terminal.stdout.isTTY ? showBar(terminal) : showLines(terminal);
  let last: Job | undefined;
  try {
    for await (const job of followJob(api, id)) {
      last = job;
      show.update(job);
    }
  } finally {
    show.end(last);
  }
  return exitCodeOf(last!);
}

function exitCodeOf({ status }: Job): number {
  if (status === 'succeeded') return exitCodes.ok;
  return status === 'cancelled' ? exitCodes.jobCancelled : exitCodes.jobFailed;
}

interface Display {
  update(job: Job): void;
  end(last: Job | undefined): void;
}

function showJson({ stdout }: Terminal): Display {
  return {
    update: (job) => void stdout.write(`${JSON.stringify(job)}\n`),
    end: () => undefined,
  };
}

/** A line for each status and each epoch. */
function showLines({ stdout }: Terminal): Display {
  let shown = '';
  return {
    update(job) {
      const step = job.progress ? `epoch ${job.progress.epoch}` : describeJob(job);
      if (step !== shown) stdout.write(`${job.id}: ${describeJob(job)}\n`);
      shown = step;
    },
    end: () => undefined,
  };
}

const clearLine = '\r\x1b[2K';

/** One line that is written over, and what came of the job at its end. */
function showBar({ stdout, env }: Terminal): Display {
  return {
    update: (job) => void stdout.write(`${clearLine}${progressLine(job, stdout.columns || 80)}`),
    end(last) {
      if (!last) return;
      if (!hasEnded(last)) {
        stdout.write('\n');
        return;
      }
      const style = { succeeded: 'green', cancelled: 'yellow' } as const;
      const text = paint(describeJob(last), style[last.status as keyof typeof style] ?? 'red', stdout, env);
      stdout.write(`${clearLine}${last.id}: ${text}\n`);
    },
  };
}
