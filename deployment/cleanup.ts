/** `npm run cleanup -- --context NAME`: removes the mesh from a cluster, and nothing else. */
import { cleanUpContext } from './clean-up-context.ts';
import { runCommand } from './command.ts';
import { cleanupUsage, parseCleanupOptions } from './options.ts';

await runCommand('npm run cleanup', cleanupUsage, async (cancel) => {
  const options = parseCleanupOptions(process.argv.slice(2));
  return options ? cleanUpContext(options, cancel) : cleanupUsage;
});
