/** Removes the mesh from a cluster that is named by a context of a kubeconfig. */
import { createStepRunner } from '../local_cluster/install/step-runner.ts';
import { findCluster, type NamedCluster } from './cluster/contexts.ts';
import { describeCluster } from './cluster/describe-cluster.ts';
import type { CleanupOptions } from './options.ts';
import { describeSurvey, requireOwn } from './removal/describe-survey.ts';
import { removeMesh } from './removal/remove.ts';
import { isGone, type Survey, surveyCluster } from './removal/survey.ts';
import { confirm, ownTerminal, showLines, type Terminal } from './terminal.ts';

const goneWithinMs = 600_000;
const pollMs = 1_000;

/**
 * Says what it will delete, asks, deletes everything that carries the mesh's label, and waits until it is gone.
 * Gives what to tell the user then.
 * @throws Error if the context is not known, the cluster does not answer, the user says no, others' objects are in the way,
 *   or something does not go
 */
export async function cleanUpContext(
  options: CleanupOptions,
  cancel: AbortSignal,
  terminal: Terminal = ownTerminal(),
): Promise<string> {
  const { keepModels, force, dryRun, yes } = options;
  const cluster = await findCluster(options);
  const survey = await look(cluster, keepModels, cancel, terminal);
  if (isGone(survey)) return `\nNothing of the mesh is in ${cluster.context}${keepModels ? ' but its models' : ''}.`;
  showLines(terminal, [`Deleting from ${cluster.context}:`, ...describeSurvey(survey, keepModels)]);
  requireOwn(survey, force);
  if (dryRun) return 'Nothing was changed (--dry-run).';
  if (!yes) await confirm(terminal, `Delete this from ${cluster.context} (${cluster.server})?`, cancel);
  const runner = createStepRunner(terminal.output, cancel);
  runner.step('Removal', [], async ({ say, signal }) => {
    const { kubectl } = cluster;
    await removeMesh({ kubectl, keepModels, say, signal, withinMs: goneWithinMs, pollMs }, survey);
    return { value: undefined, done: 'all gone' };
  });
  await runner.finish().catch((error) => {
    if (!cancel.aborted) throw error;
    throw new Error('stopped. Kubernetes goes on with what it was told to delete; running this again deletes the rest');
  });
  return `\nThe mesh is gone from ${cluster.context}${keepModels ? '; its models are there for the next deployment' : ''}.`;
}

async function look(
  cluster: NamedCluster,
  keepModels: boolean,
  cancel: AbortSignal,
  terminal: Terminal,
): Promise<Survey> {
  const runner = createStepRunner(terminal.output, cancel);
  const reaching = runner.step('Cluster', [], async ({ say }) => {
    say(`asking ${cluster.server} for its version and nodes`);
    return { value: undefined, done: await describeCluster(cluster) };
  });
  const looking = runner.step('Survey', [reaching], async ({ say }) => {
    say("looking for what is the mesh's");
    return { value: await surveyCluster(cluster.kubectl, keepModels) };
  });
  await runner.finish();
  return looking;
}
