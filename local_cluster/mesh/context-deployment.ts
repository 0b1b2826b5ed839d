/** Deploys the mesh to a cluster that is there already, named by a context of a kubeconfig. */
import path from 'node:path';
import { findKubectl, runKubectl } from '../control_plane/kubectl.ts';
import { projectFolder } from '../install/cache.ts';
import { installedControlPlane } from '../install/install.ts';
import { standardOutput } from '../install/screen.ts';
import { createStepRunner } from '../install/step-runner.ts';
import { requireVersion } from './cluster-version.ts';
import { applyManifests, type Kubectl, waitForDeployments } from './deploy.ts';
import type { ContextOptions } from './options.ts';

const readyWithinMs = 300_000;

/**
 * Applies `manifests/overlays/context` and waits until everything is ready. Gives what to tell the user then.
 * @throws Error if the context is not known, the cluster does not answer, or something does not get ready
 */
export async function deployToContext({ context, kubeconfig }: ContextOptions, cancel: AbortSignal): Promise<string> {
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
  runner.step('Services', [reaching], async ({ say, signal }) => {
    say('applying the manifests');
    await applyManifests(kubectl, path.join(projectFolder, 'manifests', 'overlays', 'context'));
    const read = async (path: string) => JSON.parse(await kubectl(['get', '--raw', path]));
    await waitForDeployments(read, say, signal, readyWithinMs);
    return { value: undefined, done: 'all ready' };
  });
  await runner.finish();
  return describeAccess(kubectl, where);
}

async function describeAccess(kubectl: Kubectl, where: string[]): Promise<string> {
  const address = '{.status.loadBalancer.ingress[0].hostname}{.status.loadBalancer.ingress[0].ip}';
  const balancer = await kubectl(['get', 'service', 'web-tier', '-n', 'web-tier', '-o', `jsonpath=${address}`]);
  const forward = `kubectl ${where.join(' ')} -n web-tier port-forward service/web-tier 8080:80`;
  const front = balancer ? `http://${balancer}` : 'http://127.0.0.1:8080';
  return `
The mesh runs in this cluster. ${balancer ? `It is reached at ${front}` : `To reach it from here, leave this running:\n  ${forward}`}

  submit    curl -d '{"dataset":"mnist"}' ${front}/free
  watch     curl ${front}/free/jobs
  its log   curl ${front}/free/logs
`;
}
