/**
 * Gives the end-to-end and fault tests a whole mesh: one that it starts as a user starts it, on free ports, or the one that
 * the file describes which `MESH_UNDER_TEST` names.
 */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { projectFolder } from '../local_cluster/install/cache.ts';
import { installedControlPlane } from '../local_cluster/install/install.ts';
import { newMeshPlace, removeMeshPlace, startMeshCommand } from '../local_cluster/testing/mesh-command.ts';
import { readMeshUnderTest } from './mesh-under-test.ts';
import type {} from './provided-context.ts';

/** Where the real test split of KMNIST lies beside the project, on machines that have it. */
const kmnistFolder = path.resolve(projectFolder, '../shared/datasets/kmnist');
const idxHeaderBytes = 8;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { MESH_UNDER_TEST: given } = process.env;
  if (given) {
    project.provide('mesh', readMeshUnderTest(given));
    return undefined;
  }
  const place = await newMeshPlace();
  const mesh = await startMeshCommand(place, existsSync(kmnistFolder) ? ['--kmnist', kmnistFolder] : []);
  project.provide('mesh', {
    front: mesh.front,
    grader: mesh.grader,
    kubeconfig: mesh.kubeconfig,
    controlPlane: installedControlPlane()!,
    kustomization: path.join(place.stateFolder, 'kustomization'),
    pipelineVolume: path.join(place.stateFolder, 'ml-pipeline'),
    kmnistTestImages: countKmnistTestImages(place.stateFolder),
    stateFolder: place.stateFolder,
  });
  return async () => {
    const how = await mesh.end('SIGTERM');
    if (how !== 0) throw new Error(`the mesh did not stop in order (${how}):\n${mesh.output()}`);
    removeMeshPlace(place);
  };
}

function countKmnistTestImages(stateFolder: string): number {
  const labels = path.join(stateFolder, 'data', 'kmnist', 't10k-labels-idx1-ubyte');
  return existsSync(labels) ? statSync(labels).size - idxHeaderBytes : 0;
}
