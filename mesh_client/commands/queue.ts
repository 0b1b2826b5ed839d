import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { tiersFor } from '../job-id.ts';
import { alignRows } from '../terminal.ts';
import { tierOption } from './tier-option.ts';

interface Queue {
  running: number;
  waiting: number;
  limit: number | null;
  waiting_reason: { code: string; message: string } | null;
  recent_waits_seconds: number[];
}

/** `mesh queue`: how full the tiers are. */
export const queue: Command = {
  name: 'queue',
  summary: 'show how many jobs run and wait, why, and how long the last ones waited',
  wordCount: { least: 0, most: 0 },
  options: { tier: tierOption },

  async run({ api, terminal, json, options }) {
    const tiers = tiersFor(options.tier as string | undefined);
    const queues = await Promise.all(tiers.map((tier) => api.json<Queue>('GET', `/${tier}/queue`)));
    const byTier = Object.fromEntries(tiers.map((tier, at) => [tier, queues[at]]));
    terminal.stdout.write(
      json ? `${JSON.stringify(byTier)}\n` : queueTable(tiers, queues) + reasonLines(tiers, queues),
    );
    return exitCodes.ok;
  },
};

function queueTable(tiers: readonly string[], queues: Queue[]): string {
  const rows = queues.map(({ running, waiting, limit, recent_waits_seconds: waits }, at) => [
    tiers[at]!,
    String(running),
    String(waiting),
    limit === null ? 'none' : String(limit),
    waits.map((seconds) => `${seconds.toFixed(1)} s`).join(', ') || '-',
  ]);
  return alignRows([['TIER', 'RUNNING', 'WAITING', 'LIMIT', 'LAST WAITS'], ...rows]);
}

/** A line for each tier whose jobs wait, which tells why. */
function reasonLines(tiers: readonly string[], queues: Queue[]): string {
  return queues
    .map(({ waiting_reason: reason }, at) => (reason ? `${tiers[at]}: ${reason.message} (${reason.code})\n` : ''))
    .join('');
}
