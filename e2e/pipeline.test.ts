// The model pipeline through the front: what the training Job has published, the backend that answers with it, the page.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { V1Deployment, V1Job } from '@kubernetes/client-node';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { applyManifests } from '../deployment/apply/apply.ts';
import { runKubectl } from '../local_cluster/control_plane/kubectl.ts';
import { ask, askJson, cluster, kubeconfig } from './mesh.ts';

interface Model {
  name: string;
  version: number;
  samples: { label: string; image: string }[];
}

interface Answer {
  model: string;
  version: number;
  predictions: { classes: { label: string; probability: number }[] }[];
}

const { controlPlane, kustomization, pipelineVolume } = inject('mesh');
const patience = { timeout: 60_000, interval: 200 };
const jobPath = '/apis/batch/v1/namespaces/ml-pipeline/jobs/ml-training-job';
const backendPath = '/apis/apps/v1/namespaces/ml-pipeline/deployments/ml-backend';

const listModels = async () => (await askJson<{ models: Model[] }>('/models')).models;

/** Asks what is on one of the samples that a model brings. */
async function predictSample(model: Model, label: string): Promise<Answer> {
  const { image } = model.samples.find((sample) => sample.label === label)!;
  const body = Buffer.from(image.split(',')[1]!, 'base64');
  const answer = await ask(`/predict/${model.name}`, { method: 'POST', body });
  expect(answer.status).toBe(200);
  return answer.json() as Promise<Answer>;
}

test('the training Job has published the networks, and the backend recognises a 7 with each of them', async () => {
  const { status } = await cluster.get<V1Job>(jobPath);
  expect(status?.succeeded).toBe(1);
  const models = await listModels();
  expect(models.map(({ name }) => name)).toEqual(expect.arrayContaining(['mnist-cnn', 'mnist-ff']));
  for (const model of models.filter(({ name }) => name.startsWith('mnist-'))) {
    const answer = await predictSample(model, '7');
    expect(answer).toMatchObject({ model: model.name, version: model.version });
    expect(answer.predictions[0]!.classes[0]!.label).toBe('7');
  }
});

test('the front has the page, with what it is made of, under a policy that lets it use nothing else', async () => {
  const page = await ask('/');
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  const html = await page.text();
  const scripts = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file!);
  expect(scripts.length).toBeGreaterThan(1);
  for (const file of scripts) {
    const { status, headers } = await ask(file);
    expect([file, status, headers.get('x-content-type-options')]).toEqual([file, 200, 'nosniff']);
  }
  expect(html).not.toMatch(/(?:src|href)="https?:/);
});

test('the front answers for the backend: alive, described, in a page that works', async () => {
  expect((await ask('/ping')).status).toBe(200);
  const { paths } = await askJson<{ paths: object }>('/openapi.json');
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/predict', '/models']));
  expect((await ask('/docs')).headers.get('content-type')).toContain('text/html');
});

test('applying the manifests again changes nothing: neither the Job nor the backend begins anew', async () => {
  const uids = () =>
    Promise.all([jobPath, backendPath].map(async (one) => (await cluster.get<V1Job>(one)).metadata!.uid));
  const generation = async () => (await cluster.get<V1Deployment>(backendPath)).metadata!.generation;
  const before = [await uids(), await generation()];
  const kubectl = (args: string[], input?: string) =>
    runKubectl(controlPlane, [`--kubeconfig=${kubeconfig}`, ...args], input);
  await applyManifests(kubectl, kustomization);
  expect([await uids(), await generation()]).toEqual(before);
});

test('without a backend the front says so and the page stays; with one again, predictions do', async () => {
  const scale = (replicas: number) => cluster.patch(backendPath, { spec: { replicas } });
  onTestFinished(() => scale(1).then(() => undefined));
  const [model] = (await listModels()).filter(({ name }) => name === 'mnist-cnn');
  await scale(0);
  const answers = async () => {
    const requests = [ask('/models'), ask('/ping'), ask('/predict', { method: 'POST', body: 'an image' })];
    return (await Promise.all(requests)).map(({ status, headers }) => {
      return { status, type: headers.get('content-type'), retryAfter: headers.get('retry-after') };
    });
  };
  // Envoy notices it for each of its clusters by itself: uploads have one of their own.
  const away = { status: 503, type: 'application/problem+json', retryAfter: '1' };
  await vi.waitFor(async () => expect(await answers()).toEqual([away, away, away]), patience);
  expect((await ask('/')).status).toBe(200);
  expect((await ask('/free/queue')).status).toBe(200);
  await scale(1);
  await vi.waitFor(async () => {
    expect((await predictSample(model!, '7')).predictions[0]!.classes[0]!.label).toBe('7');
    expect((await ask('/models')).status).toBe(200);
  }, patience);
});

test("models that were published are files of the pipeline's volume, whole and described", async () => {
  for (const { name, version } of await listModels()) {
    const folder = path.join(pipelineVolume, 'model', name, `${version}`);
    const [described, network] = await Promise.all(
      ['model.json', 'model.onnx'].map((file) => readFile(path.join(folder, file))),
    );
    expect(JSON.parse(`${described}`)).toMatchObject({ name, version, bytes: network!.length });
  }
});
