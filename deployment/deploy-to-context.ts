/** Deploys the mesh to a cluster that is there already, named by a context of a kubeconfig. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { KubernetesObject, V1Deployment } from '@kubernetes/client-node';
import { projectFolder } from '../local_cluster/install/cache.ts';
import { formatSeconds } from '../local_cluster/install/screen.ts';
import { createStepRunner, type StepContext, type StepRunner } from '../local_cluster/install/step-runner.ts';
import { describeAccess } from './access.ts';
import { applyObjects } from './apply/apply.ts';
import { describePlan, findPrunable, requireFeasible } from './apply/describe-plan.ts';
import { isEntrance } from './apply/entrances.ts';
import { isNothing, makePlan, type Plan } from './apply/plan.ts';
import { renderManifests } from './apply/render.ts';
import { findCluster, type NamedCluster } from './cluster/contexts.ts';
import { describeCluster } from './cluster/describe-cluster.ts';
import { deleteOwn, listKinds } from './cluster/inventory.ts';
import type { Kubectl, ReadApi } from './cluster/kubectl.ts';
import type { DeployOptions } from './options.ts';
import { nameOf } from './ownership.ts';
import { waitForDeployments } from './readiness/deployments.ts';
import { waitForTraining } from './readiness/training.ts';
import { confirm, ownTerminal, showLines, type Terminal } from './terminal.ts';

/** Without progress; a Deployment that says that it needs longer for that is given it. */
const readyWithinMs = 300_000;
const trainedWithinMs = 1_800_000;
const pollMs = 2_000;

/** What the manifests say, and what applying them would do. */
interface Prepared {
  objects: KubernetesObject[];
  plan: Plan;
}

/**
 * Says what it will do, asks, applies the kustomization that was named, and waits until the networks are trained and
 * everything is ready. Gives what to tell the user then.
 * @throws Error if the context is not known, the cluster does not answer, the user says no, the training fails, or
 *   something does not get ready
 */
export async function deployToContext(
  options: DeployOptions,
  cancel: AbortSignal,
  terminal: Terminal = ownTerminal(),
): Promise<string> {
  const cluster = await findCluster(options);
  const { objects, plan } = await prepare(cluster, options.overlay, cancel, terminal);
  showLines(terminal, [`Applying ${options.overlay} to ${cluster.context}:`, ...describePlan(plan, options.prune)]);
  requireFeasible(plan, options);
  if (options.dryRun) return 'Nothing was changed (--dry-run).';
  const removed = options.prune ? findPrunable(plan) : [];
  if ((!isNothing(plan) || removed.length > 0) && !options.yes)
    await confirm(terminal, `Apply this to ${cluster.context} (${cluster.server})?`, cancel);
  const runner = createStepRunner(terminal.output, cancel);
  addSteps(runner, cluster.kubectl, { objects, plan }, removed);
  await runner.finish().catch((error: Error) => {
    const what = cancel.aborted ? 'stopped before everything was ready' : error.message;
    throw new Error(`${what}\nWhat was applied stays; running this again goes on from there`, { cause: error });
  });
  return describeAccess(cluster);
}

async function prepare(
  cluster: NamedCluster,
  overlay: string,
  cancel: AbortSignal,
  terminal: Terminal,
): Promise<Prepared> {
  const runner = createStepRunner(terminal.output, cancel);
  const reaching = runner.step('Cluster', [], async ({ say }) => {
    say(`asking ${cluster.server} for its version and nodes`);
    return { value: undefined, done: await describeCluster(cluster) };
  });
  const preparing = runner.step('Manifests', [reaching], async ({ say }) => {
    const folder = findOverlay(overlay);
    say('comparing them with the cluster');
    const kinds = await listKinds(cluster.kubectl);
    const objects = await renderManifests(cluster.kubectl, folder, kinds);
    const plan = await makePlan(cluster.kubectl, objects, kinds);
    return { value: { objects, plan }, done: `${objects.length} objects, from ${describeFolder(folder)}` };
  });
  await runner.finish();
  return preparing;
}

/** What is done to the cluster, and what is waited for. Entrances are closed before the services change and opened after. */
function addSteps({ step }: StepRunner, kubectl: Kubectl, { objects, plan }: Prepared, removed: KubernetesObject[]) {
  const [inside, entrances] = [objects.filter((object) => !isEntrance(object)), objects.filter(isEntrance)];
  const [later, closed] = [removed.filter((object) => !isEntrance(object)), removed.filter(isEntrance)];
  const closing = closed.length > 0 ? [step('Close', [], () => removeObjects(kubectl, plan, closed, 'wait'))] : [];
  const applying = step('Apply', closing, async ({ say }) => {
    say(`${objects.length} objects`);
    if (!isNothing(plan)) await applyObjects(kubectl, inside);
    return { value: undefined, done: isNothing(plan) ? 'nothing to do' : 'done' };
  });
  const hasTraining = objects.some(({ kind, metadata }) => kind === 'Job' && metadata?.name === 'ml-training-job');
  const serving = step('Services', [applying], (context) => waitForServices(context, kubectl, objects));
  if (hasTraining) step('Training', [applying], (context) => waitForNetworks(context, kubectl));
  // Not before: pods of the version before may still need it.
  if (later.length > 0) step('Prune', [serving], () => removeObjects(kubectl, plan, later));
  if (entrances.length === 0 || isNothing(plan)) return;
  step('Open', [serving], async () => {
    await applyObjects(kubectl, entrances);
    return { value: undefined, done: entrances.map(nameOf).join(', ') };
  });
}

async function removeObjects(kubectl: Kubectl, { kinds }: Plan, objects: KubernetesObject[], wait?: 'wait') {
  for (const object of objects) await deleteOwn(kubectl, kinds, object, wait);
  return { value: undefined, done: `removed ${objects.map(nameOf).join(', ')}` };
}

async function waitForServices({ say, signal }: StepContext, kubectl: Kubectl, objects: KubernetesObject[]) {
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  const names = deployments.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
  const deadlines = deployments.map((one) => 1000 * ((one as V1Deployment).spec?.progressDeadlineSeconds ?? 0));
  const patience = { withinMs: Math.max(readyWithinMs, ...deadlines), pollMs, noticesTroubles: true };
  await waitForDeployments({ read: readWith(kubectl), say, signal, names, ...patience });
  return { value: undefined, ...(names.length > 0 && { done: 'all ready' }) };
}

async function waitForNetworks({ say, signal }: StepContext, kubectl: Kubectl) {
  const readText = (path: string) => kubectl(['get', '--raw', path]);
  const patience = { withinMs: trainedWithinMs, pollMs, noticesTroubles: true };
  const tookMs = await waitForTraining({ read: readWith(kubectl), readText, say, signal, ...patience });
  return { value: undefined, done: `done, after ${formatSeconds(tookMs)} in the cluster` };
}

function readWith(kubectl: Kubectl): ReadApi {
  return async (path) => JSON.parse(await kubectl(['get', '--raw', path]));
}

/**
 * The folder of an overlay's name, or of a kustomization that lies elsewhere.
 * @throws Error if there is none
 */
function findOverlay(overlay: string): string {
  const ours = path.join(projectFolder, 'manifests', 'overlays', overlay);
  // npm runs its scripts in the project's folder, and says where the user is.
  const folder = !overlay.includes('/') && existsSync(ours) ? ours : path.resolve(process.env.INIT_CWD ?? '', overlay);
  if (existsSync(folder)) return folder;
  throw new Error(`--overlay is ${JSON.stringify(overlay)}, which is neither one of manifests/overlays nor a folder`);
}

function describeFolder(folder: string): string {
  const inside = path.relative(projectFolder, folder);
  return inside.startsWith('..') ? folder : inside;
}
