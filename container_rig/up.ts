/**
 * Starts a rig and keeps it until it is told to stop:
 *
 *     node container_rig/up.ts          with the mesh deployed in it
 *     node container_rig/up.ts --bare   the cluster alone
 *
 * Meanwhile `node container_rig/enter.ts CMD…` runs commands in it.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { formatSeconds } from '../local_cluster/install/screen.ts';
import { listenForStop } from '../local_cluster/install/stop-signals.ts';
import { installRig } from './install/install.ts';
import { withMeshRig } from './mesh-rig.ts';
import { findObstacle } from './preconditions.ts';
import { startRig } from './rig.ts';
import { defaultStateFolder } from './state.ts';

try {
  const { values } = parseArgs({ options: { bare: { type: 'boolean', default: false } } });
  await main(values);
} catch (error) {
  console.error(`\ncontainer_rig/up.ts: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function main({ bare }: { bare: boolean }): Promise<void> {
  const { stopped } = listenForStop(() => process.exit(130));
  const obstacle = await findObstacle();
  if (obstacle) throw new Error(obstacle.reason);
  await (bare ? keepBare(stopped) : keepMesh(stopped));
}

async function keepMesh(stopped: AbortSignal): Promise<void> {
  await withMeshRig(stopped, tell, async () => {
    tell('Ctrl-C removes it');
    await once(stopped, 'abort');
  });
}

async function keepBare(stopped: AbortSignal): Promise<void> {
  const software = await installRig(stopped);
  const startedAt = performance.now();
  const rig = await startRig({ stateFolder: defaultStateFolder, software, log: tell, cancel: stopped });
  tell(`the cluster is ready after ${formatSeconds(performance.now() - startedAt)}; Ctrl-C removes it`);
  const reason = await Promise.race([rig.ended, once(stopped, 'abort').then(() => undefined)]);
  await rig.stop();
  if (reason) throw new Error(reason);
  tell('removed; nothing of it is left');
}

/** One line with the time of day. */
function tell(line: string): void {
  console.log(`${new Date().toLocaleTimeString('en-GB')}  ${line}`);
}
