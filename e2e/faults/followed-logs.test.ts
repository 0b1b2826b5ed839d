// Logs that are followed: by more clients than there are connections, and while what they come from breaks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { cluster, kubeconfig, type SubmittedJob } from '../mesh.ts';
import { startIsolatedTier } from './isolated-tier.ts';
import { outage } from './outage.ts';

const lines = 60;
const script = `for i in $(seq ${lines}); do echo "line $i"; sleep 0.25; done`;
const wholeLog = Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join('');
const jobEndsWithinMs = 60_000;
const outageMs = 6_000;
const meshProgram = fileURLToPath(new URL('../../mesh_client/mesh.ts', import.meta.url));

async function submit(front: string): Promise<string> {
  const answer = await fetch(`${front}/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as SubmittedJob).id;
}

async function statusOf(front: string, id: string): Promise<string> {
  return ((await (await fetch(`${front}/free/jobs/${id}`)).json()) as SubmittedJob).status;
}

/** `mesh logs --follow`, as a user runs it. */
function followWithMesh(front: string, id: string) {
  const child = spawn(process.execPath, [meshProgram, 'logs', id, '--follow', '--url', front]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const printed = { out: '', error: '' };
  child.stdout.on('data', (data) => {
    printed.out += data;
  });
  child.stderr.on('data', (data) => {
    printed.error += data;
  });
  const ended = once(child, 'exit').then(([exitCode]) => ({ exitCode, ...printed }));
  return { printed, ended };
}

async function followWithFetch(front: string, id: string): Promise<{ text: Promise<string> }> {
  const answer = await fetch(`${front}/free/jobs/${id}/logs?follow=true`);
  expect(answer.status).toBe(200);
  return { text: answer.text().catch((error: Error) => `broken: ${error.message}`) };
}

test('three hundred followers hold up neither calls nor the queue, and each has the whole log', async () => {
  const tier = await startIsolatedTier({ cluster, kubeconfig, job: script });
  const front = tier.fronts[0]!;
  // Two run, and the third waits.
  const ids = [await submit(front), await submit(front), await submit(front)];
  await vi.waitFor(async () => expect(await statusOf(front, ids[0]!)).toBe('running'), { timeout: 20_000 });
  const followers = await Promise.all(
    Array.from({ length: 330 }, (_, number) => followWithFetch(front, ids[number % ids.length]!)),
  );
  const extra = await submit(front);
  const removed = await fetch(`${front}/free/jobs/${extra}`, { method: 'DELETE' });
  expect([removed.status, ((await removed.json()) as SubmittedJob).status]).toEqual([200, 'cancelled']);
  expect((await fetch(`${front}/free/readyz`)).status).toBe(200);
  await vi.waitFor(async () => expect(await statusOf(front, ids[2]!)).toBe('running'), { timeout: jobEndsWithinMs });
  const texts = new Set(await Promise.all(followers.map(({ text }) => text)));
  expect(texts).toEqual(new Set([wholeLog]));
  expect(await statusOf(front, ids[2]!)).toBe('succeeded');
}, 180_000);

test('the API server is killed in the middle of a followed log, and its reader has all of it in the end', async () => {
  const tier = await startIsolatedTier({ cluster, kubeconfig, job: script });
  const front = tier.fronts[0]!;
  const id = await submit(front);
  const mesh = followWithMesh(front, id);
  const plain = await followWithFetch(front, id);
  await vi.waitFor(() => expect(mesh.printed.out).toContain('line 5\n'), { timeout: 30_000 });
  await outage('kube-apiserver', outageMs);
  expect(await mesh.ended).toEqual({ exitCode: 0, out: wholeLog, error: '' });
  expect(await plain.text).toBe(wholeLog);
}, 180_000);

test('a tier that stops in the middle of a followed log is quick, and its reader can tell', async () => {
  const tier = await startIsolatedTier({ cluster, kubeconfig, job: script });
  const front = tier.fronts[0]!;
  const id = await submit(front);
  const follower = await followWithFetch(front, id);
  await vi.waitFor(async () => expect(await statusOf(front, id)).toBe('running'), { timeout: 30_000 });
  const { child } = tier.tiers[0]!;
  child.kill('SIGTERM');
  // Its limit is 15 s, after which it is ended by force, with another exit code.
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await follower.text).toMatch(/^broken: /);
}, 180_000);
