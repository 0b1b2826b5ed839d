import { once } from 'node:events';
import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { isBrokenStream } from '../follow-job.ts';
import { pathOf } from '../job-id.ts';

/** `mesh logs`: the log as it is, or as it grows. */
export const logs: Command = {
  name: 'logs',
  summary: "print a job's log",
  words: 'ID',
  wordCount: { least: 1, most: 1 },
  options: { follow: { type: 'boolean', help: 'go on until the job ends; waits for one that is queued' } },

  async run({ api, terminal, options, words }) {
    const path = `${pathOf(words[0]!)}/logs`;
    const query = { follow: options.follow ? 'true' : undefined };
    const patience = api.newPatience();
    // The log only grows: after a lost connection it is read again, and what was printed is passed over.
    let printed = 0;
    for (;;) {
      try {
        let offset = 0;
        const stream = await api.stream(path, { query, bodyTimeoutMs: 0 }, patience);
        for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) {
          const fresh = chunk.subarray(Math.max(0, printed - offset));
          offset += chunk.length;
          if (fresh.length === 0) continue;
          printed += fresh.length;
          patience.reset();
          if (!terminal.stdout.write(fresh)) await once(terminal.stdout as never, 'drain');
        }
        return exitCodes.ok;
      } catch (error) {
        if (!isBrokenStream(error)) throw error;
        if (!(await patience.wait())) throw api.unreachable(error);
      }
    }
  },
};
