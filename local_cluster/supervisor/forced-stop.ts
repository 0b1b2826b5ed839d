/** The forced stop of a cluster: everything is killed at once, whatever it is doing. */
import { endContainers } from './leftover-containers.ts';
import { endLeftovers } from './process-records.ts';
import { killSupervised } from './supervised-process.ts';

/**
 * Kills all that this process supervises, what else is on record in the state folder, and the containers. Each is done
 * whatever comes of the others: on a full disk, say, something always fails. For a process that exits right after it.
 * @param say told what could not be done
 */
export async function killCluster(stateFolder: string, say: (line: string) => void): Promise<void> {
  for (const kill of [killSupervised, () => endLeftovers(stateFolder), () => endContainers(stateFolder)]) {
    try {
      await kill();
    } catch (fault) {
      say(`something may run on: ${(fault as Error).message}`);
    }
  }
}
