import { once } from 'node:events';
import type { Call, Command } from '../command.ts';
import { exitCodes, usageError } from '../exit-codes.ts';
import { isBrokenStream } from '../follow-job.ts';
import { pathOf } from '../job-id.ts';

/** `mesh logs`: the log as it is, or as it grows. */
export const logs: Command = {
  name: 'logs',
  summary: "print a job's log",
  words: 'ID',
  wordCount: { least: 1, most: 1 },
  options: {
    follow: { type: 'boolean', help: 'go on until the job ends; waits for one that is queued' },
    tail: { type: 'string', value: 'N', help: 'only the last N lines' },
  },

  async run({ api, terminal, options, words }) {
    const path = `${pathOf(words[0]!)}/logs`;
    const query = { follow: options.follow ? 'true' : undefined, tail: readTail(options) };
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

function readTail({ tail, follow }: Call['options']): string | undefined {
  if (tail === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(String(tail))) throw usageError(`--tail is "${tail}"; it has to be a number from 1`);
  if (follow) throw usageError('--follow prints a log from its beginning; leave out --tail');
  return String(tail);
}
