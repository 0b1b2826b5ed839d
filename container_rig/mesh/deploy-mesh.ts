/** Deploys the mesh to a rig, with the command that users have for any cluster. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../../local_cluster/install/cache.ts';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import { writeRecordFile } from '../../local_cluster/record-file.ts';
import { enterRig } from '../entry.ts';
import type { RigImages } from '../images/rig-images.ts';
import { contextName } from '../layout.ts';
import { type MeshRecord, type RigRecord, rigFile } from '../state.ts';
import { writeKustomization } from './kustomization.ts';

/** Who the containers run as. */
const containerUser = 10001;

/**
 * Pushes the images to the rig's registry, applies the manifests and waits until all of it is ready, with its progress
 * shown. From then on `rig.json` describes the mesh too.
 * @throws Error when it does not get ready
 */
export async function deployMesh(
  rig: RigRecord,
  stateFolder: string,
  images: RigImages,
  cancel: AbortSignal,
): Promise<MeshRecord> {
  const pipelineVolume = path.join(stateFolder, 'ml-pipeline');
  mkdirSync(pipelineVolume, { recursive: true });
  chownSync(pipelineVolume, containerUser, containerUser);
  const replacements = await images.push(rig.registry, rig.pid);
  const kustomization = writeKustomization(stateFolder, pipelineVolume, replacements);
  await runInRig(rig, ['deployment/deploy.ts', '--context', contextName, '--overlay', kustomization, '--yes'], cancel);
  const record: MeshRecord = {
    front: `http://${await findFront(rig)}`,
    // It has no address of its own, only its pods'.
    grader: 'http://grader-interface.web-tier.svc.cluster.local:5000',
    kustomization,
    pipelineVolume,
    kmnistTestImages: images.kmnistTestImages,
  };
  writeRecordFile(rigFile(stateFolder), { ...rig, ...record });
  return record;
}

async function runInRig(rig: RigRecord, args: string[], cancel: AbortSignal): Promise<void> {
  const { command, args: all, env } = enterRig(rig, process.execPath, args);
  const child = spawn(command, all, {
    env,
    cwd: projectFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const stop = () => child.kill('SIGTERM');
  cancel.addEventListener('abort', stop);
  const [code] = await once(child, 'exit');
  cancel.removeEventListener('abort', stop);
  cancel.throwIfAborted();
  if (code !== 0) throw new Error('the mesh cannot be deployed to the rig; what it waited for is above');
}

async function findFront(rig: RigRecord): Promise<string> {
  const path = ['get', 'service', 'web-tier', '-n', 'web-tier', '-o', 'jsonpath={.spec.clusterIP}'];
  const { command, args, env } = enterRig(rig, 'kubectl', path);
  return runCommand(command, args, { env });
}
