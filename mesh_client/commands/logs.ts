import { once } from 'node:events';
import type { Call, Command } from '../command.ts';
import { exitCodes, usageError } from '../exit-codes.ts';
import { readLog } from '../read-log.ts';

// Of a log that is longer than what outlives the pod, only the end may be left.
const otherLogNotice =
  'mesh: the log is no longer the one printed above: the job began anew, or only the end of its log was kept. ' +
  'What follows is the present log from its beginning.\n';

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
    const log = readLog(api, words[0]!, {
      follow: options.follow === true,
      tail: readTail(options),
      onOtherLog: () => terminal.stderr.write(otherLogNotice),
    });
    for await (const chunk of log) {
      if (!terminal.stdout.write(chunk)) await once(terminal.stdout as never, 'drain');
    }
    return exitCodes.ok;
  },
};

function readTail({ tail, follow }: Call['options']): string | undefined {
  if (tail === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(String(tail))) throw usageError(`--tail is "${tail}"; it has to be a number from 1`);
  if (follow) throw usageError('--follow prints a log from its beginning; leave out --tail');
  return String(tail);
}
