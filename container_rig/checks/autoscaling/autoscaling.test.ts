// Load on the prediction backend: its autoscaler adds pods, and removes them when the load is over.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { V1Deployment, V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { clearJobs, cluster, front } from '../../../e2e/mesh.ts';
import { projectFolder } from '../../../local_cluster/install/cache.ts';
import { digit } from '../../../prediction_service/testing/mnist-digits.ts';
import { formOf, pngOf } from '../../../prediction_service/testing/request-bodies.ts';
import { autoscalerPath, deploymentPath } from '../cluster-tools.ts';
import { type Answer, faultsOf, send } from '../load.ts';
import type { AutoscalingSeries, Second } from './series.ts';

beforeEach(clearJobs);

const autoscaler = autoscalerPath('backend');
const resultFile = path.join(projectFolder, '.rig', 'autoscaling.json');

/** How many clients ask, each again as soon as it has its answer, and how many images each time. */
const [clients, imagesPerCall] = [6, 20];
const before = 5;
const patience = { timeout: 240_000, interval: 500 };

const readAutoscaler = () => cluster.get<V2HorizontalPodAutoscaler>(autoscaler);
const readyPods = async () => (await cluster.get<V1Deployment>(deploymentPath('backend'))).status?.readyReplicas ?? 0;

/** Has the autoscaler wait for seconds instead of minutes before it removes pods; puts that back after the test. */
async function hurry(): Promise<void> {
  const { spec } = await readAutoscaler();
  onTestFinished(() => cluster.patch(autoscaler, { spec: { behavior: spec!.behavior } }).then(() => undefined));
  await cluster.patch(autoscaler, { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 15 } } } });
}

/** Clients that each send a call as soon as the one before is answered; gives how to end them. */
function startClients(answers: Answer[]): () => Promise<void> {
  const images = Array.from({ length: imagesPerCall }, (_, i) => ({ bytes: pngOf(digit(i)) }));
  const { body, headers } = formOf(images);
  let going = true;
  const client = async () => {
    while (going) {
      const url = `${front}/predict/mnist-cnn`;
      answers.push(await send(url, { method: 'POST', body, headers, agent: false }));
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return async () => {
    going = false;
    await all;
  };
}

/** Writes down each second until it is told to stop. */
function record(answers: Answer[]): { seconds: Second[]; stop: () => void } {
  const seconds: Second[] = [];
  let counted = 0;
  const timer = setInterval(async () => {
    const ms = answers
      .slice(counted)
      .map((answer) => answer.ms)
      .sort((a, b) => a - b);
    counted = answers.length;
    const quantile = (share: number) => (ms.length ? Math.round(ms[Math.floor(ms.length * share)]!) : null);
    const second: Second = {
      answered: ms.length,
      medianMs: quantile(0.5),
      p95Ms: quantile(0.95),
      pods: 0,
      cpuMillis: null,
    };
    seconds.push(second);
    const [pods, { status }] = await Promise.all([readyPods(), readAutoscaler()]).catch(
      () => [0, { status: undefined }] as const,
    );
    const current = status?.currentMetrics?.[0]?.resource?.current?.averageValue;
    Object.assign(second, { pods, cpuMillis: current ? scaledValue(current, -3) : null });
  }, 1_000);
  onTestFinished(() => clearInterval(timer));
  return { seconds, stop: () => clearInterval(timer) };
}

test('under load the backend has more pods, afterwards one again, and no call fails meanwhile', async () => {
  await hurry();
  await vi.waitFor(async () => {
    const { spec, status } = await readAutoscaler();
    // It has figures of what the one pod uses.
    expect([await readyPods(), status?.currentMetrics?.length]).toEqual([spec!.minReplicas, 1]);
  }, patience);
  const answers: Answer[] = [];
  const recording = record(answers);
  await vi.waitFor(() => expect(recording.seconds.length).toBeGreaterThanOrEqual(before), patience);
  const from = recording.seconds.length;
  const stop = startClients(answers);
  onTestFinished(stop);
  await vi.waitFor(async () => expect(await readyPods()).toBeGreaterThan(1), patience);
  const scaledAt = recording.seconds.length;
  // Long enough to see what the new pod is good for.
  await vi.waitFor(() => expect(recording.seconds.length).toBeGreaterThan(scaledAt + 30), patience);
  await stop();
  const to = recording.seconds.length;
  await vi.waitFor(async () => expect(await readyPods()).toBe(1), patience);
  await vi.waitFor(() => expect(recording.seconds.at(-2)?.pods).toBe(1), patience);
  recording.stop();
  const series: AutoscalingSeries = {
    service: 'ml-backend',
    load: { from, to },
    seconds: recording.seconds.slice(0, -1),
  };
  mkdirSync(path.dirname(resultFile), { recursive: true });
  writeFileSync(resultFile, JSON.stringify(series));
  expect(faultsOf(answers)).toEqual({});
  expect(Math.max(...series.seconds.map(({ pods }) => pods))).toBeGreaterThan(1);
  console.log(
    `a second backend after ${scaledAt - from} s of load, one again ${series.seconds.length - to} s after it`,
  );
}, 600_000);
