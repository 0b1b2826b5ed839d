/** A mesh whose files a power loss has left empty: it starts again, and it can be reset. */
import { existsSync, globSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endContainers } from '../supervisor/leftover-containers.ts';
import { findProcesses } from '../supervisor/process-identity.ts';
import { endLeftovers } from '../supervisor/process-records.ts';
import {
  type MeshCommand,
  type MeshPlace,
  newMeshPlace,
  removeMeshPlace,
  runMeshCommand,
  startMeshCommand,
} from '../testing/mesh-command.ts';

/** Everything that is kept in a state folder, but for etcd's own files, the logs and the pods' volumes. */
const records = [
  'pki/*',
  '*.json',
  'octet',
  'kubeconfig',
  'node-*/log-server.*',
  'node-*/pods/*/pod.json',
  'node-*/pods/*/{containers,host-ports}/*/*/*.json',
];

let place: MeshPlace;
let mesh: MeshCommand;

beforeAll(async () => {
  place = await newMeshPlace();
  mesh = await startMeshCommand(place);
});

afterAll(async () => {
  if (mesh.child.exitCode === null) await mesh.end('SIGKILL');
  await endLeftovers(place.stateFolder);
  await endContainers(place.stateFolder);
  removeMeshPlace(place);
});

/** Truncates each file to nothing; gives how many of each kind there were. */
function emptyRecords(): Record<string, number> {
  const counts = records.map((pattern) => {
    const files = globSync(pattern, { cwd: place.stateFolder });
    for (const file of files) truncateSync(path.join(place.stateFolder, file));
    return [pattern, files.length] as const;
  });
  return Object.fromEntries(counts);
}

const isOfMesh = (argv: string[]) => argv.some((argument) => argument.includes(`${place.stateFolder}/`));

async function losePower(): Promise<void> {
  await mesh.end('SIGKILL');
  await endLeftovers(place.stateFolder);
  await endContainers(place.stateFolder);
  expect(findProcesses(isOfMesh)).toEqual([]);
}

test('a start after a power loss that left every record empty is as good as any', async () => {
  await losePower();
  const counts = emptyRecords();
  expect(Object.entries(counts).filter(([, count]) => count === 0)).toEqual([]);
  mesh = await startMeshCommand(place);
  expect(mesh.output()).not.toContain('starting it again');
  expect(await statusOf('free/readyz')).toBe(200);
});

test('services that went on while the keys of the cluster were lost are replaced, since nothing trusts them any more', async () => {
  await mesh.end('SIGKILL');
  rmSync(path.join(place.stateFolder, 'pki'), { recursive: true });
  mesh = await startMeshCommand(place);
  expect(await Promise.all(['free/readyz', 'config'].map((url) => statusOf(url)))).toEqual([200, 200]);
});

const statusOf = async (url: string) => (await fetch(`${mesh.front}/${url}`)).status;

test('a reset ends everything that runs, although no record says what that is', async () => {
  await mesh.end('SIGKILL');
  expect(findProcesses(isOfMesh).length).toBeGreaterThan(6);
  emptyRecords();
  const { code, output } = await runMeshCommand('reset.ts', place);
  expect([code, output]).toEqual([0, expect.stringContaining(`Removed ${place.stateFolder}, after ending`)]);
  expect([findProcesses(isOfMesh), existsSync(place.stateFolder)]).toEqual([[], false]);
});
