import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from './cpu-time.ts';

/** Waits until processes together take less than a tenth of a core, or half a minute. */
export async function untilQuiet(pids: () => number[]): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  for (let used = Number.POSITIVE_INFINITY; used > 50 && performance.now() < giveUpAt; ) {
    const before = cpuMs(pids());
    await sleep(500);
    used = cpuMs(pids()) - before;
  }
}
