/** Deploys the mesh to a cluster that is there already, named by a context of a kubeconfig. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { findKubectl, runKubectl } from '../local_cluster/control_plane/kubectl.ts';
import { projectFolder } from '../local_cluster/install/cache.ts';
import { installedControlPlane } from '../local_cluster/install/install.ts';
import { formatSeconds, standardOutput } from '../local_cluster/install/screen.ts';
import { createStepRunner } from '../local_cluster/install/step-runner.ts';
import { applyManifests } from './apply/apply.ts';
import { requireVersion } from './cluster/cluster-version.ts';
import type { Kubectl, ReadApi } from './cluster/kubectl.ts';
import type { ContextOptions } from './options.ts';
import { waitForDeployments } from './readiness/deployments.ts';
import { waitForTraining } from './readiness/training.ts';

const readyWithinMs = 300_000;
const trainedWithinMs = 1_800_000;
const pollMs = 2_000;

/**
 * Applies `manifests/overlays/context`, or the kustomization that was named, and waits until the networks are trained and
 * everything is ready. Gives what to tell the user then.
 * @throws Error if the context is not known, the cluster does not answer, the training fails, or something does not get ready
 */
export async function deployToContext(
  { context, kubeconfig, overlay }: ContextOptions,
  cancel: AbortSignal,
): Promise<string> {
  const programs = findKubectl(installedControlPlane());
  const where = [`--context=${context}`, ...(kubeconfig ? [`--kubeconfig=${path.resolve(kubeconfig)}`] : [])];
  const kubectl: Kubectl = (args, input) => runKubectl(programs, [...where, ...args], input);
  const runner = createStepRunner(standardOutput(), cancel);
  const reaching = runner.step('Cluster', [], async ({ say }) => {
    say('asking for its nodes');
    const names = (await kubectl(['get', 'nodes', '-o', 'name', '--request-timeout=10s'])).trim().split('\n');
    const version = await requireVersion(kubectl);
    return { value: version, done: `${context}, ${names.length} node${names.length === 1 ? '' : 's'}, ${version}` };
  });
  const applying = runner.step('Manifests', [reaching], async ({ say }) => {
    say('applying them');
    await applyManifests(kubectl, findOverlay(overlay));
    return { value: undefined, done: `applied ${overlay}` };
  });
  const readText = (path: string) => kubectl(['get', '--raw', path]);
  const read: ReadApi = async (path) => JSON.parse(await readText(path));
  runner.step('Services', [applying], async ({ say, signal }) => {
    await waitForDeployments(read, say, signal, readyWithinMs);
    return { value: undefined, done: 'all ready' };
  });
  runner.step('Training', [applying], async ({ say, signal }) => {
    const tookMs = await waitForTraining({ read, readText, say, signal, withinMs: trainedWithinMs, pollMs });
    return { value: undefined, done: `done, after ${formatSeconds(tookMs)} in the cluster` };
  });
  await runner.finish();
  return describeAccess(kubectl, where);
}

/** The folder of an overlay's name, or of a kustomization that lies elsewhere. */
function findOverlay(overlay: string): string {
  const ours = path.join(projectFolder, 'manifests', 'overlays', overlay);
  return !overlay.includes('/') && existsSync(ours) ? ours : path.resolve(overlay);
}

async function describeAccess(kubectl: Kubectl, where: string[]): Promise<string> {
  const address = '{.status.loadBalancer.ingress[0].hostname}{.status.loadBalancer.ingress[0].ip}';
  const balancer = await kubectl(['get', 'service', 'web-tier', '-n', 'web-tier', '-o', `jsonpath=${address}`]);
  const forward = `kubectl ${where.join(' ')} -n web-tier port-forward service/web-tier 8080:80`;
  const front = balancer ? `http://${balancer}` : 'http://127.0.0.1:8080';
  return `
The mesh runs in this cluster. ${balancer ? `It is reached at ${front}` : `To reach it from here, leave this running:\n  ${forward}`}

  the page  ${front}/
  submit    curl -d '{"dataset":"mnist"}' ${front}/free
  watch     curl ${front}/free/jobs
  its log   curl ${front}/free/logs
`;
}
