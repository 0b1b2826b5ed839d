// The command-line client on real jobs; everything that it prints is compared.

import { jobsPath } from '@ml-job-mesh/tier-service/state/job-paths.ts';
import { buildJob } from '@ml-job-mesh/tier-service/submission/job-builder.ts';
import { loadJobTemplate } from '@ml-job-mesh/tier-service/submission/job-template.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { premiumTier } from '../premium_service/app/tier.ts';
import {
  askJson,
  clearJobs,
  cluster,
  front,
  jobImageOf,
  listJobs,
  post,
  type TierName,
  waitForStatus,
} from './mesh.ts';
import { mesh, meshPrints, startMesh } from './mesh-program.ts';

beforeEach(clearJobs);

/** Takes a place for as long as a test lasts. */
const long = { dataset: 'mnist', epochs: 20 };
const quick = { dataset: 'mnist', pretrained: true };

/** Fills the free tier: two run, and as many as wanted wait. Gives their ids in this order. */
async function fillFreeTier(waiting: number): Promise<string[]> {
  const ids: string[] = [];
  for (let count = 0; count < 2 + waiting; count++) ids.push((await post('/free', long)).id);
  for (const id of ids.slice(0, 2)) await waitForStatus(id, 'running');
  return ids;
}

function ended({ id, result }: Job): string {
  return `${id}: succeeded, accuracy ${result!.accuracy} % of ${result!.test_images} images, ${result!.seconds} s\n`;
}

/** The JSON of each line. */
function readLines(text: string): Job[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** A Job that ends badly: its dataset is none. */
async function makeFailingJob(): Promise<string> {
  const { namespace } = premiumTier.places[0]!;
  const name = `premium-job-template-${Date.now().toString(36)}`;
  const choices = { dataset: 'cifar' as 'mnist', epochs: 1, pretrained: true };
  const identity = { name, namespace, suspend: false, accepted: '', requestId: '', requestHash: '' };
  const job = buildJob(loadJobTemplate(premiumTier, await jobImageOf('premium')), choices, identity);
  await cluster.create(jobsPath(namespace), job);
  return name;
}

describe('mesh submit', () => {
  test.each<TierName>(['free', 'premium'])('--watch tells the life of a %s job, line by line', async (tier) => {
    const { exitCode, stdout, stderr } = await mesh('submit', 'mnist', '--tier', tier, '--epochs', '3', '--watch');
    expect([exitCode, stderr]).toEqual([0, '']);
    const [id] = stdout.split('\n');
    expect(id).toMatch(new RegExp(`^${tier}-job-template-[a-z2-7]{26}$`));
    const job = await askJson<Job>(`/${tier}/jobs/${id}`);
    const told = stdout.replaceAll(`${id}: `, '').replace(`${id}\n`, '');
    expect(told).toMatch(
      /^(queued(, number 1 in line(, starts in about \d+ s)?)?\n)*(starting\n)*(running\n)*(running, epoch [123]\/3, step [1-6]00\/600, loss \d\.\d{4}\n)+(succeeded\n)?succeeded, .*\n$/,
    );
    expect(stdout.endsWith(`\n${ended(job)}`)).toBe(true);
  });

  test('--json --watch is a line of JSON for each change', async () => {
    const lines = readLines(await meshPrints('submit', 'mnist', '--epochs', '1', '--watch', '--json'));
    const [submitted, ...changes] = lines;
    const { id } = submitted!;
    expect(submitted).toMatchObject({ job_name: id, namespace: 'free-service', dataset: 'mnist', result: null });
    expect(changes.map((job) => job.id)).toEqual(changes.map(() => id));
    expect(changes.map(({ status }) => status)).toContain('running');
    expect(changes.at(-1)).toEqual(await askJson(`/free/jobs/${id}`));
    expect(changes.at(-1)!.status).toBe('succeeded');
  });

  test('makes one job of a key, and refuses the key for another', async () => {
    const twice = ['submit', 'mnist', '--pretrained', '--key', 'homework-1'];
    const ids = [await meshPrints(...twice), await meshPrints(...twice)];
    expect(ids[1]).toBe(ids[0]);
    const jobs = await listJobs('free-service');
    expect(jobs.map(({ metadata }) => `${metadata!.name}\n`)).toEqual(ids.slice(1));

    const other = ['submit', 'kmnist', '--key', 'homework-1'];
    const detail = 'this idempotency key was used for another request; use a new key for a new request';
    expect(await mesh(...other)).toEqual({ exitCode: 4, stdout: '', stderr: `mesh: ${detail}\n` });
    const { exitCode, stderr } = await mesh(...other, '--json');
    expect([exitCode, JSON.parse(stderr)]).toEqual([
      4,
      { error: { code: 'key_reused', message: detail, exit_code: 4 } },
    ]);
    expect(await listJobs('free-service')).toHaveLength(1);
  });
});

test('mesh list shows what is asked for, newest first', async () => {
  const [first, second, third] = await fillFreeTier(1);
  const { id: premium } = await post('/premium', quick);
  const done = await waitForStatus(premium, 'succeeded');
  const newestFirst = [premium, third, second, first];

  const table = (await meshPrints('list')).split('\n');
  expect(table[0]).toMatch(/^ID +DATASET +AGE +STATUS$/);
  expect(table.slice(1, -1).map((line) => line.split(' ')[0])).toEqual(newestFirst);
  expect(table[1]).toMatch(/^premium-job-template-\w+ {2}mnist {4}\d+ s +succeeded, accuracy [\d.]+ % of 10000 images/);
  expect(table[2]).toMatch(
    /^free-job-template-\w+ {5}mnist {4}\d+ s +queued, number 1 in line(, starts in about \d+ (s|min))?$/,
  );
  expect(table[3]).toMatch(/^free-job-template-\w+ {5}mnist {4}\d+ s +running/);

  const list = async (...options: string[]): Promise<Job[]> =>
    JSON.parse(await meshPrints('list', '--json', ...options));
  const idsOf = async (...options: string[]) => (await list(...options)).map(({ id }) => id);
  expect(await list('--status', 'succeeded')).toEqual([done]);
  expect(await idsOf()).toEqual(newestFirst);
  expect(await idsOf('--tier', 'free')).toEqual([third, second, first]);
  expect(await idsOf('--status', 'queued')).toEqual([third]);
  expect(await idsOf('--status', 'running', '--tier', 'free')).toEqual([second, first]);
  expect(await idsOf('--limit', '2')).toEqual([premium, third]);
  expect(await idsOf('--all', '--dataset', 'mnist')).toEqual(newestFirst);
  expect(await meshPrints('list', '--dataset', 'kmnist')).toBe('no jobs\n');
});

test('mesh queue tells how full the tiers are', async () => {
  await fillFreeTier(3);
  const waits = (await askJson<{ recent_waits_seconds: number[] }>('/free/queue')).recent_waits_seconds;
  const shown = waits.map((seconds) => `${seconds.toFixed(1)} s`).join(', ') || '-';
  const rows = (await meshPrints('queue')).split('\n').map((line) => line.split(/ {2,}/));
  expect(rows).toEqual([
    ['TIER', 'RUNNING', 'WAITING', 'LIMIT', 'LAST WAITS'],
    ['free', '2', '3', '2', shown],
    ['premium', '0', '0', 'none', expect.any(String)],
    ['free: All places are taken: 2 of 2. (quota_full)'],
    [''],
  ]);
  const [free, premium] = await Promise.all([askJson('/free/queue'), askJson('/premium/queue')]);
  expect(JSON.parse(await meshPrints('queue', '--json'))).toEqual({ free, premium });
  expect(JSON.parse(await meshPrints('queue', '--json', '--tier', 'free'))).toEqual({ free });
});

test('mesh logs prints the log as it is, and follows it from before the start to the end', async () => {
  const [first, , waiting] = await fillFreeTier(1);
  const followed = startMesh(['logs', waiting!, '--follow']);
  const detail = 'the job is queued and has no pod, so there is no log';
  expect(await mesh('logs', waiting!)).toEqual({ exitCode: 4, stdout: '', stderr: `mesh: ${detail}\n` });
  expect(await meshPrints('logs', first!)).toMatch(/^dataset: mnist\n(Epoch \[\d+\/20\], Step \[\d00\/600\], .*\n)*$/);

  await meshPrints('cancel', first!);
  await followed.printed('Epoch [1/20]');
  await meshPrints('cancel', waiting!);
  const { exitCode, stdout, stderr } = await followed.ended;
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^dataset: mnist\nEpoch \[1\/20\], Step \[100\/600\], Loss: \d\.\d{4}\n/);

  const { id } = await post('/premium', quick);
  const whole = await meshPrints('logs', id, '--follow');
  expect(whole).toMatch(
    /^dataset: mnist\nAccuracy of the network on the 10K test images: \d+ %\nTime passed: .* sec\n$/,
  );
  await waitForStatus(id, 'succeeded');
  expect(await meshPrints('logs', id)).toBe(whole);
});

describe('mesh watch', () => {
  test('of a job that has ended is its end', async () => {
    const { id } = await post('/free', quick);
    const job = await waitForStatus(id, 'succeeded');
    expect(await mesh('watch', id)).toEqual({ exitCode: 0, stdout: ended(job), stderr: '' });
    expect(readLines(await meshPrints('watch', id, '--json')).at(-1)).toEqual(job);
  });

  test('of a job that fails says why, and exits with 1', async () => {
    const id = await makeFailingJob();
    const job = await waitForStatus(id, 'failed');
    const why = "DATASET is 'cifar'; it must be mnist or kmnist";
    expect(job.error).toEqual({ code: 'unknown_dataset', message: why });
    const line = `${id}: failed, ${why} (unknown_dataset)\n`;
    expect(await mesh('watch', id)).toEqual({ exitCode: 1, stdout: line, stderr: '' });
  });

  test('is ended by Ctrl-C, and the job goes on', async () => {
    const [id] = await fillFreeTier(0);
    // Without npx, which dies of the signal before it could pass on an exit code.
    const watching = startMesh(['watch', id!], ['node_modules/.bin/mesh']);
    await watching.printed('running');
    watching.interrupt();
    expect(await watching.ended).toMatchObject({ exitCode: 130, stderr: '' });
    expect((await askJson<Job>(`/free/jobs/${id}`)).status).toBe('running');
  });
});

test('mesh cancel cancels a queued job and a running one, and leaves one that has ended', async () => {
  const { id: done } = await post('/premium', quick);
  await waitForStatus(done, 'succeeded');
  const [running, other, queued] = await fillFreeTier(1);
  const watching = startMesh(['watch', running!]);
  await watching.printed('running');

  const ids = [running!, done, 'free-job-template-nothing', queued!];
  expect(await mesh('cancel', ...ids)).toEqual({
    exitCode: 4,
    stdout: `${running}: cancelled\n${queued}: cancelled\n`,
    stderr: `mesh: ${done}: the job has succeeded; what has ended cannot be cancelled
mesh: free-job-template-nothing: there is no job of this id
`,
  });
  expect(await meshPrints('cancel', running!)).toBe(`${running}: cancelled\n`);
  const watched = await watching.ended;
  expect([watched.exitCode, watched.stdout.split('\n').at(-2)]).toEqual([3, `${running}: cancelled`]);
  const { jobs } = await askJson<{ jobs: Job[] }>('/free/jobs');
  expect(Object.fromEntries(jobs.map(({ id, status }) => [id, status]))).toEqual({
    [queued!]: 'cancelled',
    [other!]: 'running',
    [running!]: 'cancelled',
  });
});

test('mesh clear removes what has ended, and with --all the rest', async () => {
  const { id } = await post('/premium', quick);
  await waitForStatus(id, 'succeeded');
  const ids = await fillFreeTier(2);
  await meshPrints('cancel', ids[3]!);
  await expect.poll(async () => (await askJson<Job>(`/free/jobs/${ids[3]}`)).status).toBe('cancelled');
  expect(await meshPrints('clear')).toBe('free: 1 removed\npremium: 1 removed\n');
  const left = (await listJobs('free-service')).map(({ metadata }) => metadata!.name!);
  expect(left.sort()).toEqual(ids.slice(0, 3).sort());
  expect(await meshPrints('clear', '--tier', 'free', '--all')).toBe('free: 3 removed, 3 of them unfinished\n');
  expect(JSON.parse(await meshPrints('clear', '--json'))).toEqual({
    free: { deleted: 0, cancelled: 0 },
    premium: { deleted: 0, cancelled: 0 },
  });
});

test.each([
  [2, ['submit'], 'mesh submit takes DATASET; see mesh submit --help'],
  [2, ['launch'], 'there is no command "launch"; see mesh --help'],
  [2, ['list', '--tier', 'gold'], '--tier is "gold"; it has to be one of free, premium'],
  [2, ['watch', '42'], '"42" is no job\'s id; they begin with free-job-template- or premium-job-template-'],
  [4, ['submit', 'cifar'], '"dataset" is "cifar"; it has to be one of "mnist", "kmnist"'],
  [4, ['watch', 'free-job-template-nothing'], 'there is no job of this id'],
  [4, ['logs', 'premium-job-template-nothing'], 'there is no job of this id'],
  [5, ['queue', '--url', 'http://127.0.0.1:1', '--retry-for', '1'], 'no answer from http://127.0.0.1:1: ECONNREFUSED'],
])('exit code %i: mesh %j', async (exitCode, args, message) => {
  expect(await mesh(...args)).toEqual({ exitCode, stdout: '', stderr: `mesh: ${message}\n` });
  const asJson = await mesh(...args, '--json');
  expect({ ...asJson, stderr: JSON.parse(asJson.stderr) }).toEqual({
    exitCode,
    stdout: '',
    stderr: { error: { code: expect.stringMatching(/^[a-z_]+$/), message, exit_code: exitCode } },
  });
});

test.each([{ program: ['npx', 'mesh'] }, { program: ['npm', 'run', 'mesh', '--'] }])(
  '$program does the same',
  async ({ program }) => {
    const { id } = await post('/free', quick);
    const run = (...args: string[]) => startMesh(args, program).ended;
    const job = await waitForStatus(id, 'succeeded');
    expect(await run('watch', id, '--url', front)).toEqual({ exitCode: 0, stdout: ended(job), stderr: '' });
    const stderr = 'mesh: mesh watch takes ID; see mesh watch --help\n';
    expect(await run('watch')).toEqual({ exitCode: 2, stdout: '', stderr });
  },
);
