import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { explainFailure, listFailures } from './failure.ts';
import type { Pod } from './kubernetes-objects.ts';

const programFolder = path.resolve(import.meta.dirname, '../../model_config');

/** What `classify.py` imports can fail with; the other programs of the image are not a tier's jobs. */
function codesOfTheProgram(): string[] {
  const files = globSync('*.py', {
    cwd: programFolder,
    exclude: ['test_*.py', 'conftest.py', 'data_preload.py', 'pretrain.py', 'pipeline.py'],
  });
  const text = files.map((file) => readFileSync(path.join(programFolder, file), 'utf8')).join('\n');
  const raised = [...text.matchAll(/\b(?:JobError|error_message)\(\s*"(\w+)"/g)];
  const passedOn = [...text.matchAll(/\b(?:one_of|whole_number|read_verified)\(.*"([a-z_]+)"\)/g)];
  return [...raised, ...passedOn].map(([, code]) => code!);
}

test('every failure that the job itself tells is listed', () => {
  const told = [...new Set(codesOfTheProgram())];
  expect(told).toEqual(expect.arrayContaining(['unknown_dataset', 'bad_seed', 'network_damaged', 'terminated']));
  expect(listFailures().map(({ code }) => code)).toEqual(expect.arrayContaining(told));
});

test('no failure is listed twice, and each has a meaning', () => {
  const codes = listFailures().map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(listFailures().filter(({ meaning }) => meaning.length < 10)).toEqual([]);
});

function stoppedPod(reason: string, podReason?: string): Pod {
  const condition = { type: 'DisruptionTarget', status: 'True', reason, message: 'why' };
  const status = { phase: 'Failed', conditions: [condition], ...(podReason && { reason: podReason, message: 'why' }) };
  return { spec: { nodeName: 'node-1', containers: [] }, status };
}

test.each([
  ['EvictionByEvictionAPI', undefined, 'drained'],
  ['PreemptionByScheduler', undefined, 'preempted'],
  ['DeletionByTaintManager', undefined, 'node_lost'],
  ['DeletionByPodGC', undefined, 'node_lost'],
  ['TerminationByKubelet', undefined, 'node_shutdown'],
  ['TerminationByKubelet', 'Terminated', 'node_shutdown'],
  ['TerminationByKubelet', 'Evicted', 'evicted'],
  ['TerminationByKubelet', 'Preempting', 'preempted'],
  ['DeletionByDeviceTaintManager', undefined, 'disrupted'],
])('a pod that is stopped by %s (%s) has failed with %s, whatever its container said', (reason, podReason, code) => {
  const pod = stoppedPod(reason, podReason);
  const terminated = { exitCode: 143, message: '{"error":{"code":"terminated","message":"stopped"}}' };
  pod.status!.containerStatuses = [{ name: 'classify', state: { terminated } }] as never;
  expect(explainFailure({}, pod)).toEqual({ code, message: expect.stringMatching(/node-1|why/) });
});

test('a pod that its node did not take says so', () => {
  const pod = stoppedPod('', 'OutOfcpu');
  pod.status!.conditions = [];
  expect(explainFailure({}, pod)).toEqual({
    code: 'start_error',
    message: 'The node node-1 did not take the job: why',
  });
});
