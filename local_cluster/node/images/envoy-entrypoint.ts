// The entrypoint of the images that are Envoy: fits the configuration file to the pod, then becomes Envoy.
//
//   node envoy-entrypoint.ts ENVOY [ENVOY'S ARGUMENTS]
//
// From the environment: POD_ADDRESS, POD_FOLDER (for the file that it writes), CLUSTER_DNS (address:port, …).
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { fitArguments, fitBootstrap } from './envoy-config.ts';

const { POD_ADDRESS, POD_FOLDER, CLUSTER_DNS, ...env } = process.env;
const [envoy, ...given] = process.argv.slice(2);

try {
  if (!envoy || !POD_ADDRESS || !POD_FOLDER) throw new Error('needs an Envoy binary, POD_ADDRESS and POD_FOLDER');
  process.execve?.(envoy, [envoy, ...fitArguments(given, fitFile)], env as Record<string, string>);
} catch (fault) {
  console.error(`envoy: ${(fault as Error).message}`);
  process.exit(1);
}

/** Writes what the file says, fitted to this pod, and gives the path of that. JSON is YAML, and what Envoy reads too. */
function fitFile(file: string): string {
  const surroundings = { podAddress: POD_ADDRESS!, dnsServers: CLUSTER_DNS ? CLUSTER_DNS.split(',') : [] };
  const bootstrap = fitBootstrap(parse(readFileSync(file, 'utf8'), { merge: true }), surroundings);
  const fitted = join(mkdtempSync(join(POD_FOLDER!, 'envoy-')), 'envoy.json');
  writeFileSync(fitted, JSON.stringify(bootstrap));
  return fitted;
}
