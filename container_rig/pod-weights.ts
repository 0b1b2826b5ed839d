/**
 * How the rig's pods share the machine. A node offers 2 CPU, of which two jobs at their limits leave 0.2 for the services.
 * Two nodes on a machine with two processors offer more than there is: there, four jobs would leave nothing, and a service
 * that requests 20 thousandths would get a fiftieth of what a job gets.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { findCgroups, setWeight } from './cgroups.ts';
import { nodePlaces } from './layout.ts';

/** As if each pod requested half a CPU. Both versions of cgroups; kubelet gives a pod of a job 921 or 36. */
const least = { 'cpu.shares': 512, 'cpu.weight': 20 };
const everyMs = 500;

/**
 * Gives every pod at least the weight of half a CPU, also those that come later.
 * @param cgroup the rig's
 * @returns how to end it
 */
export function keepPodWeights(cgroup: string): () => void {
  const timer = setInterval(() => {
    try {
      for (const folder of nodePlaces.flatMap(({ name }) => listPods(`${cgroup}/${name}`)))
        setWeight(folder, least, true);
    } catch (error) {
      // A pod goes while it is looked at; the others have their turn the next time.
      if (!['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code!)) throw error;
    }
  }, everyMs);
  return () => clearInterval(timer);
}

/** The pods' cgroups, of every class of service. Source: kubelet's cgroup driver `cgroupfs`. */
function listPods(node: string): string[] {
  return ['kubepods', 'kubepods/burstable', 'kubepods/besteffort']
    .flatMap((level) => findCgroups(`${node}/${level}`))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.startsWith('pod'))
        .map((name) => path.join(folder, name)),
    );
}
