/** What the commands of this folder have in common: how they end. */
import { listenForStop } from '../local_cluster/install/stop-signals.ts';
import { UsageError } from './options.ts';

/**
 * Runs a command and prints what it gives, or why it failed. The first Ctrl-C stops it in order, a second one at once.
 * @param name as the user has called it
 */
export async function runCommand(name: string, usage: string, work: (cancel: AbortSignal) => Promise<string>) {
  const { stopped } = listenForStop(() => process.exit(130));
  try {
    console.log(await work(stopped));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(`\n${name}: ${(error as Error).message}${isUsage ? `\n\n${usage}` : ''}`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
