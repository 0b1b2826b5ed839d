/** The whole mesh on this machine: the embedded cluster with everything that the manifests deploy. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Job } from '@kubernetes/client-node';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { applyManifests, type ReadJob } from '../../deployment/apply/apply.ts';
import type { ReadApi } from '../../deployment/cluster/kubectl.ts';
import { waitForDeployments } from '../../deployment/readiness/deployments.ts';
import { waitForTraining } from '../../deployment/readiness/training.ts';
import { tierNames } from '../../tier_service/tier-names.ts';
import type { Api } from '../control_plane/control-plane.ts';
import { commandOf } from '../control_plane/programs.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from '../embedded-cluster.ts';
import type { Software } from '../install/install.ts';
import { type Output, standardOutput } from '../install/screen.ts';
import { createStepRunner, type StepContext } from '../install/step-runner.ts';
import { type LocalSettings, writeKustomization } from './kustomization.ts';
import { forgetMovedVolume, pipelineFolder } from './pipeline-volume.ts';
import { removeEndedServicePods, replaceServicePods, waitForAuthority } from './service-pods.ts';

const readyWithinMs = 180_000;
const probeMs = 250;
const deploymentsPollMs = 100;

/** How to start it. */
export interface LocalMeshOptions {
  stateFolder: string;
  host: string;
  port: number;
  graderPort: number;
  software: Software;
  /** The address octet to try first. */
  octet?: number;
  output?: Output;
  cancel?: AbortSignal;
  /** Told in one line each what happens to the cluster's own processes. */
  log?: (line: string) => void;
}

/** A mesh that answers. */
export interface LocalMesh {
  cluster: EmbeddedCluster;
  /** Addresses without a slash at the end. */
  front: string;
  grader: string;
  stop(): Promise<void>;
}

/** Starts it and returns when both addresses answer through to the cluster. */
export async function startLocalMesh(options: LocalMeshOptions): Promise<LocalMesh> {
  const { stateFolder, host, port, graderPort, cancel } = options;
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host;
  const front = `http://${reached}:${port}`;
  const grader = `http://${reached}:${graderPort}`;
  const settings = { host, port, graderPort, networks: options.software.networks };
  const runner = createStepRunner(options.output ?? standardOutput(), cancel);
  const starting = runner.step('Kubernetes', [], async ({ say }) => {
    say('starting etcd, the API server, its controllers and two nodes, and applying the manifests');
    const cluster = await startEmbeddedCluster({
      ...options,
      hostAddress: host,
      whileNodesStart: (api) => applyTo(api, stateFolder, settings),
    });
    writeKubectl(stateFolder, cluster);
    return {
      value: cluster,
      done: `${cluster.octet === 244 ? '' : `in 127.${cluster.octet}.0.0/16, `}two nodes are ready`,
    };
  });
  runner.step('Services', [starting], async (context, cluster) => {
    await deploy(context, cluster);
    await waitForAnswers(context, [
      ...tierNames.map((name) => `${front}/${name}/readyz`),
      `${front}/config`,
      `${front}/`,
      `${front}/ping`,
      `${grader}/config`,
    ]);
    return { value: undefined, done: 'all ready' };
  });
  runner.step('Models', [starting], (context, cluster) => waitForModels(context, cluster, front));
  try {
    await runner.finish();
  } catch (error) {
    await starting.then(
      (cluster) => cluster.stop(),
      () => undefined,
    );
    throw error;
  }
  const cluster = await starting;
  return { cluster, front, grader, stop: cluster.stop };
}

async function applyTo({ connection, kubectl }: Api, stateFolder: string, settings: LocalSettings): Promise<void> {
  await forgetMovedVolume(connection, pipelineFolder(stateFolder));
  const readJob: ReadJob = (namespace, name) =>
    connection.get<V1Job>(`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`).catch((error) => {
      if (!(error instanceof KubernetesError && error.status === 404)) throw error;
      return undefined;
    });
  await applyManifests(kubectl, writeKustomization(stateFolder, settings), readJob);
}

async function deploy({ say, signal }: StepContext, cluster: EmbeddedCluster): Promise<void> {
  const { connection } = cluster;
  if (cluster.needsReplacement) {
    await waitForAuthority(connection, cluster.authority, signal, readyWithinMs);
    await replaceServicePods(connection);
    cluster.recordReplacementDone();
  }
  await removeEndedServicePods(connection);
  const read: ReadApi = (path) => connection.get(path);
  await waitForDeployments({ read, say, signal, withinMs: readyWithinMs, pollMs: deploymentsPollMs });
}

/** Waits until the carried networks are published and answer. Without them, the rest of the mesh is of use as well. */
async function waitForModels({ say, signal }: StepContext, cluster: EmbeddedCluster, front: string) {
  const read: ReadApi = (path) => cluster.connection.get(path);
  const readText = (path: string) => cluster.connection.text(path);
  try {
    await waitForTraining({ read, readText, say, signal, withinMs: readyWithinMs, pollMs: probeMs });
    await waitForAnswers({ say, signal }, [`${front}/models`]);
    return { value: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { value: undefined, warning: `none to predict with. ${(error as Error).message}` };
  }
}

/** A Deployment may be called ready from an earlier run; an answer is one of now. */
async function waitForAnswers({ say, signal }: StepContext, urls: string[]): Promise<void> {
  const giveUpAt = performance.now() + readyWithinMs;
  for (const url of urls) {
    for (;;) {
      signal.throwIfAborted();
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
        ({ status }) => (status === 200 ? undefined : `answers ${status}`),
        () => 'does not answer',
      );
      if (answer === undefined) break;
      if (performance.now() > giveUpAt) throw new Error(`${url} ${answer}, after ${readyWithinMs / 1000} s`);
      say(`waiting for ${url}, which ${answer}`);
      await sleep(probeMs);
    }
  }
}

/** A kubectl for users who have none: `.mesh/kubectl get pods -A`. */
function writeKubectl(stateFolder: string, { software, kubeconfig }: EmbeddedCluster): void {
  const file = path.join(stateFolder, 'kubectl');
  const { command, first } = commandOf(software.controlPlane, 'kubectl');
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  writeFileSync(
    file,
    `#!/bin/sh\nexec ${[command, ...first].map(quote).join(' ')} --kubeconfig=${quote(kubeconfig)} "$@"\n`,
  );
  chmodSync(file, 0o700);
}
