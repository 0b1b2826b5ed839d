/** `npm run reset`: removes all state of the mesh, jobs and their results included. What was built stays in the cache. */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lockCluster } from './embedded-cluster.ts';
import { projectFolder } from './install/cache.ts';
import { endContainers } from './supervisor/leftover-containers.ts';
import { endLeftovers } from './supervisor/process-records.ts';

/** MESH_STATE is for tests, which must not touch the user's mesh. */
const stateFolder = path.resolve(process.env.MESH_STATE ?? path.join(projectFolder, '.mesh'));

try {
  if (!existsSync(stateFolder)) {
    console.log(`There is nothing to reset: ${stateFolder} is not there.`);
  } else {
    // Held to the end: a start in between would lose what it has just made.
    const lock = await lockCluster(stateFolder);
    const ended = await endLeftovers(stateFolder);
    const containers = await endContainers(stateFolder);
    rmSync(stateFolder, { recursive: true, force: true });
    await lock.release();
    const also =
      ended.length + containers > 0 ? `, after ending ${ended.length + containers} processes of a killed run` : '';
    console.log(`Removed ${stateFolder}${also}.`);
  }
} catch (error) {
  console.error(`npm run reset: ${(error as Error).message}`);
  process.exitCode = 1;
}
