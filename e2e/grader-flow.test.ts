import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { ask, askJson, type Config, clearJobs, grader, kubeconfig, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

const livePods = ({ pods }: Config, namespace: string) =>
  pods.filter(
    (pod) =>
      pod.namespace === namespace && pod.name.includes('-job-template') && ['Pending', 'Running'].includes(pod.status),
  );

test("the older graders' whole flow is over in 20 seconds, and shows what they look for", async () => {
  const began = performance.now();
  const before = await askJson<Config>('/config');
  expect(new Set(before.pods.map(({ node }) => node))).toEqual(new Set(['node-1', 'node-2']));
  for (let count = 0; count < 5; count++) {
    await post('/img-classification/free', { dataset: 'mnist' });
    expect(livePods(await askJson('/config'), 'free-service').length).toBeLessThanOrEqual(2);
  }
  for (let count = 0; count < 5; count++) await post('/img-classification/premium', { dataset: 'mnist' });
  await expect.poll(async () => livePods(await askJson('/config'), 'default').length).toBe(5);
  await expect.poll(async () => livePods(await askJson('/config'), 'free-service').length).toBe(2);
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('/config has every pod of every namespace, the same from the front and from the grader interface', async () => {
  await post('/premium', { dataset: 'mnist', epochs: 1 });
  await expect.poll(async () => livePods(await askJson('/config'), 'premium-service').length).toBe(1);
  const { pods } = await askJson<Config>('/config');
  const namespaces = new Set(pods.map(({ namespace }) => namespace));
  for (const namespace of ['kube-system', 'web-tier', 'free-tier', 'premium-tier', 'ml-pipeline', 'premium-service'])
    expect(namespaces).toContain(namespace);
  for (const pod of pods) expect(Object.keys(pod)).toEqual(['node', 'ip', 'namespace', 'name', 'status']);
  const direct = (await (await fetch(`${grader}/config`)).json()) as Config;
  expect(direct.pods.map(({ name }) => name).sort()).toEqual(pods.map(({ name }) => name).sort());
});

describe.each([
  ['free', 'free-service'],
  ['premium', 'premium-service'],
])('the log of the %s tier', (tier) => {
  test('is a 404 while no job has succeeded, then the whole log of the newest', async () => {
    const none = await ask(`/${tier}/logs`);
    expect([none.status, Object.keys((await none.json()) as object)]).toEqual([404, ['error']]);
    const { id } = await post(`/${tier}`, { dataset: 'mnist', epochs: 1 });
    await waitForStatus(id, 'succeeded');
    await expect.poll(async () => (await ask(`/${tier}/logs`)).status).toBe(200);
    const log = await (await ask(`/${tier}/logs`)).text();
    const lines = log.trimEnd().split('\n');
    expect(lines[0]).toBe('dataset: mnist');
    expect(
      lines.slice(1, 7).every((line, index) => line.startsWith(`Epoch [1/1], Step [${(index + 1) * 100}/600], Loss: `)),
    ).toBe(true);
    expect(lines[7]).toMatch(/^Accuracy of the network on the 10K test images: \d+(\.\d+)? %$/);
    expect(lines[8]).toMatch(/^Time passed: \d+\.\d\d sec$/);
    expect(lines).toHaveLength(9);
    expect(await (await ask(`/${tier}/jobs/${id}/logs`)).text()).toBe(log);
  });
});

test.each(['free', 'premium'])(
  'the quota of the %s tier is the text that kubectl prints, byte for byte',
  async (tier) => {
    const { controlPlane } = inject('mesh');
    const expected = execFileSync(
      controlPlane,
      ['kubectl', `--kubeconfig=${kubeconfig}`, 'describe', 'quota', '-n', `${tier}-service`],
      { encoding: 'utf8' },
    );
    expect(expected).toMatch(/^Name: /);
    expect(await (await ask(`/${tier}/resource-quota`)).text()).toBe(expected);
  },
);

test('the front and both tiers say that they are well', async () => {
  for (const path of ['/healthz', '/free/healthz', '/free/readyz', '/premium/healthz', '/premium/readyz']) {
    expect([path, (await ask(path)).status]).toEqual([path, 200]);
  }
});
