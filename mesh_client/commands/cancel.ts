import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import type { Command } from '../command.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { pathOf } from '../job-id.ts';
import { describeJob } from '../job-text.ts';

/** `mesh cancel`: cancels jobs, queued or running. */
export const cancel: Command = {
  name: 'cancel',
  summary: 'cancel jobs, queued or running',
  words: 'ID…',
  wordCount: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {},
  notes: 'Jobs that have ended stay unchanged; the others are cancelled, and the exit code is 4.',

  async run({ api, terminal, json, words }) {
    const paths = words.map(pathOf);
    let exitCode: number = exitCodes.ok;
    for (const [at, path] of paths.entries()) {
      try {
        const job = await api.json<Job>('DELETE', path);
        terminal.stdout.write(json ? `${JSON.stringify(job)}\n` : `${job.id}: ${describeJob(job)}\n`);
      } catch (error) {
        if (!(error instanceof CommandError) || error.exitCode !== exitCodes.refused) throw error;
        terminal.stderr.write(json ? `${JSON.stringify(error.toJson())}\n` : `mesh: ${words[at]}: ${error.message}\n`);
        exitCode = exitCodes.refused;
      }
    }
    return exitCode;
  },
};
