import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { tiersFor } from '../job-id.ts';
import { tierOption } from './tier-option.ts';

interface Cleared {
  deleted: number;
  cancelled: number;
}

/** `mesh clear`: removes old jobs, as courses want before each grading. */
export const clear: Command = {
  name: 'clear',
  summary: 'remove finished jobs, with their pods and logs',
  wordCount: { least: 0, most: 0 },
  options: { tier: tierOption, all: { type: 'boolean', help: 'the queued and running ones too' } },

  async run({ api, terminal, json, options }) {
    const query = { all: options.all ? 'true' : undefined };
    const cleared: Record<string, Cleared> = {};
    for (const tier of tiersFor(options.tier as string | undefined)) {
      cleared[tier] = await api.json<Cleared>('DELETE', `/${tier}/jobs`, { query });
    }
    const lines = Object.entries(cleared).map(([tier, { deleted, cancelled }]) => {
      return `${tier}: ${deleted} removed${cancelled > 0 ? `, ${cancelled} of them unfinished` : ''}\n`;
    });
    terminal.stdout.write(json ? `${JSON.stringify(cleared)}\n` : lines.join(''));
    return exitCodes.ok;
  },
};
