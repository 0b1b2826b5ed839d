/** What the mesh on this machine is, for kustomize: the `local` overlay, with what only this start knows. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { projectFolder } from '../install/cache.ts';
import { pipelineFolder } from './pipeline-volume.ts';

/** Where it listens, and what its images hold. */
export interface LocalSettings {
  host: string;
  port: number;
  graderPort: number;
  /** The folders with trained networks, which are named after what they were made of. */
  networks: string[];
}

/**
 * Writes a kustomization that is the `local` overlay with the ports and the address that were asked for, and with the
 * pipeline's volume in the state folder. Gives its folder, for `kubectl kustomize`.
 */
export function writeKustomization(stateFolder: string, settings: LocalSettings): string {
  const { host, port, graderPort, networks } = settings;
  const folder = path.join(stateFolder, 'kustomization');
  mkdirSync(folder, { recursive: true });
  // Kustomize resolves the path from the real folder: a link on the way has another parent.
  const overlay = path.relative(
    realpathSync(folder),
    realpathSync(path.join(projectFolder, 'manifests', 'overlays', 'local')),
  );
  const patches = [
    hostPortPatch('web-tier', 'envoy', 8080, host, port),
    hostPortPatch('grader-interface', 'grader-interface', 5000, host, graderPort),
    volumePatch(pipelineFolder(stateFolder)),
    carriedNetworksPatch(networks),
  ];
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [overlay],
    patches: patches.map((patch) => ({ patch: stringify(patch) })),
  };
  writeFileSync(path.join(folder, 'kustomization.yaml'), stringify(kustomization));
  return folder;
}

function hostPortPatch(deployment: string, container: string, containerPort: number, hostIP: string, hostPort: number) {
  const ports = [{ containerPort, hostPort, hostIP }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: deployment, namespace: 'web-tier' },
    spec: { template: { spec: { containers: [{ name: container, ports }] } } },
  };
}

function volumePatch(folder: string) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'ml-pipeline-storage' },
    spec: { hostPath: { path: folder } },
  };
}

/** Elsewhere an image with other networks has another name or digest; here it is this that makes the Job another one. */
function carriedNetworksPatch(networks: string[]) {
  const names = networks.map((network) => path.basename(network)).sort();
  const carried = createHash('sha256').update(names.join()).digest('hex').slice(0, 16);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'ml-training-job', namespace: 'ml-pipeline' },
    spec: { template: { metadata: { annotations: { 'ml-job-mesh.io/carried-networks': carried } } } },
  };
}
