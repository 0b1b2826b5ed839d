/**
 * `npm run test:containers`: builds the images, deploys the mesh to a rig, and runs there what only containers can show and
 * the whole end-to-end suite. Before that, small rigs are killed and made to fail, to see that nothing is left of them.
 * Everything of it is removed in the end; what was installed and built stays in the cache.
 *
 *     npm run test:containers              all of it
 *     npm run test:containers -- e2e       one of them
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { listenForStop } from '../local_cluster/install/stop-signals.ts';
import { type Finished, repeatFailed, runInOrder, summarize } from '../local_cluster/testing/run-steps.ts';
import { type TestStep, vitestStep } from '../local_cluster/testing/test-steps.ts';
import { enterRig } from './entry.ts';
import { installRig } from './install/install.ts';
import { type MeshRig, withMeshRig } from './mesh-rig.ts';
import { findObstacle, requiredRig } from './preconditions.ts';
import { rigFile } from './state.ts';

const inMesh = ['containers', 'e2e'];
const projects = ['rig', ...inMesh];

const reportFolder = mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-reports-'));
try {
  await main();
} catch (error) {
  console.error(`\nnpm run test:containers: ${(error as Error).message}\n`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  rmSync(reportFolder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const unknown = positionals.find((name) => !projects.includes(name));
  if (unknown) throw new Error(`there is no step ${unknown}; there are ${projects.join(', ')}`);
  const chosen = positionals.length > 0 ? positionals : projects;
  const obstacle = await findObstacle();
  if (obstacle) {
    if (process.env[requiredRig] && !obstacle.isOfMachine) throw new Error(obstacle.reason);
    console.log(`The tests on containers do not run here: ${obstacle.reason}.\n`);
    console.log('0 passed, 0 failed, 1 skipped');
    return;
  }
  const { stopped } = listenForStop(() => process.exit(130));
  const finished: Finished[] = [];
  const test = async (rig: MeshRig) => {
    for (const project of inMesh.filter((name) => chosen.includes(name))) {
      stopped.throwIfAborted();
      const step = inRig(rig, vitestStep(project, reportFolder));
      finished.push(...(await repeatFailed([step], await runInOrder([step], true))));
    }
    if (!stopped.aborted && finished.some(({ counts }) => counts.failed > 0)) showState(rig);
  };
  try {
    if (chosen.includes('rig')) {
      await installRig(stopped);
      finished.push(...(await runInOrder([vitestStep('rig', reportFolder)], true)));
      stopped.throwIfAborted();
    }
    if (chosen.some((name) => inMesh.includes(name))) await withMeshRig(stopped, console.log, test);
    if (stopped.aborted) throw new Error('stopped before all was tested');
  } catch (error) {
    // What the tests found is told all the same, also when the rig cannot be removed.
    console.error(`\nnpm run test:containers: ${(error as Error).message}`);
    finished.push({ name: 'the command', counts: { passed: 0, failed: 1, skipped: 0 }, failures: [], ms: 0 });
  }
  process.exitCode = summarize(finished) ? 0 : 1;
}

/** What there is to see of a rig in which something failed, before it is gone. */
function showState(rig: MeshRig): void {
  const looks = [
    ['get', 'pods', '-A', '-o', 'wide'],
    ['get', 'events', '-A', '--field-selector=type=Warning', '--sort-by=.lastTimestamp'],
  ];
  for (const look of looks) {
    const { command, args, env } = enterRig(rig, 'kubectl', look);
    console.log(`\n━━━ kubectl ${look.join(' ')}`);
    spawnSync(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  }
}

/** The same step, where the mesh's addresses are reached. */
function inRig(rig: MeshRig, step: TestStep): TestStep {
  const { command, args, env } = enterRig(rig, step.command, step.args);
  return {
    ...step,
    only: (files) => inRig(rig, step.only!(files)),
    command,
    args,
    env: { ...env, MESH_UNDER_TEST: rigFile(rig.stateFolder) } as Record<string, string>,
  };
}
