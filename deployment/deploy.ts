/** `npm run deploy -- --context NAME`: brings the mesh to a cluster, or up to date there. */
import { runCommand } from './command.ts';
import { deployToContext } from './deploy-to-context.ts';
import { deployUsage, parseDeployOptions } from './options.ts';

await runCommand('npm run deploy', deployUsage, async (cancel) => {
  const options = parseDeployOptions(process.argv.slice(2));
  return options ? deployToContext(options, cancel) : deployUsage;
});
