/**
 * Runs a command in the rig that `node container_rig/up.ts` keeps, where the mesh's addresses, its registry and its API
 * are reached:
 *
 *     node container_rig/enter.ts kubectl get pods -A
 *     node container_rig/enter.ts curl http://web-tier.web-tier/free/jobs
 *
 * KUBECONFIG is set, and `kubectl` is the control plane's own where this machine has none.
 */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { enterRig } from './entry.ts';
import { readRig } from './state.ts';

const [command, ...args] = process.argv.slice(2);
try {
  if (command === undefined) throw new Error('name a command to run in the rig, for instance `kubectl get nodes`');
  const entry = enterRig(readRig(), command, args, process.cwd());
  const { status, signal, error } = spawnSync(entry.command, entry.args, { stdio: 'inherit', env: entry.env });
  if (error) throw error;
  process.exitCode = status ?? 128 + constants.signals[signal!];
} catch (error) {
  console.error(`container_rig/enter.ts: ${(error as Error).message}`);
  process.exitCode = 1;
}
