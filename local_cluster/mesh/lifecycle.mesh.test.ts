/** One mesh, started with `npm start`'s own program, through all the ways in which it can end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { findFreePort } from '@ml-job-mesh/cluster-client/testing/free-port.ts';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { projectFolder } from '../install/cache.ts';
import { endContainers, findRunningContainers } from '../supervisor/leftover-containers.ts';
import { isRunning } from '../supervisor/process-identity.ts';
import { endLeftovers } from '../supervisor/process-records.ts';
import {
  type MeshCommand,
  type MeshPlace,
  newMeshPlace,
  removeMeshPlace,
  runMeshCommand,
  startMeshCommand,
} from '../testing/mesh-command.ts';

let place: MeshPlace;
let mesh: MeshCommand;
/** Two that run for long, and one that waits for a place. */
let jobs: string[];

beforeAll(async () => {
  place = await newMeshPlace();
  mesh = await startMeshCommand(place);
  jobs = [];
  for (let count = 0; count < 3; count++) jobs.push(await postLongJob());
  await waitForStatuses(['running', 'running', 'queued']);
});

afterAll(async () => {
  if (mesh.child.exitCode === null) await mesh.end('SIGKILL');
  await endLeftovers(place.stateFolder);
  await endContainers(place.stateFolder);
  removeMeshPlace(place);
});

describe('While a mesh runs', () => {
  test('a second start in its folder, and a reset, are refused and name the process', async () => {
    const other = { ...place, port: await findFreePort(), graderPort: await findFreePort() };
    const ports = ['--port', `${other.port}`, '--grader-port', `${other.graderPort}`];
    const pid = mesh.child.pid;
    for (const refused of [await runMeshCommand('start.ts', other, ports), await runMeshCommand('reset.ts', place)]) {
      expect(refused.code).toBe(1);
      expect(refused.output).toContain(`the cluster in ${place.stateFolder} runs already (process ${pid})`);
    }
  });

  test('its ports are taken for another mesh, which starts nothing', async () => {
    const other = await newMeshPlace();
    const ports = ['--port', `${place.port}`, '--grader-port', `${other.graderPort}`];
    const { code, output } = await runMeshCommand('start.ts', other, ports);
    expect([code, existsSync(other.stateFolder)]).toEqual([1, false]);
    expect(output).toContain(
      `port ${place.port} on 127.0.0.1 is taken by the mesh in ${place.stateFolder} (process ${mesh.child.pid}): ` +
        `stop it with Ctrl-C where it was started or with \`kill ${mesh.child.pid}\``,
    );
    removeMeshPlace(other);
  });

  test('a second Ctrl-C in a deployment to another cluster ends that alone', async () => {
    const bin = path.join(path.dirname(place.stateFolder), 'bin');
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'kubectl'), '#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 600\n', { mode: 0o700 });
    const before = mesh.processes();
    const deployment = spawn(
      process.execPath,
      [path.join(projectFolder, 'local_cluster/start.ts'), '--context', 'away'],
      {
        env: { ...process.env, MESH_STATE: place.stateFolder, PATH: `${bin}:${process.env.PATH}` },
        stdio: 'ignore',
        detached: true,
      },
    );
    await vi.waitFor(() => expect(existsSync(path.join(bin, 'kubectl.pid'))).toBe(true), { timeout: 60_000 });
    expect(await pressUntilEnded(deployment)).toBe(130);
    process.kill(Number(readFileSync(path.join(bin, 'kubectl.pid'), 'utf8')));
    expect(mesh.processes()).toEqual(before);
    expect(Object.values(before).every(isRunning)).toBe(true);
    await waitForStatuses(['running', 'running', 'queued']);
  });

  test('a component that is killed is started again, and jobs go on', async () => {
    const before = mesh.processes();
    process.kill(before['kube-apiserver']!.pid, 'SIGKILL');
    await vi.waitFor(() => expect(mesh.output()).toMatch(/kube-apiserver runs again/), { timeout: 60_000 });
    expect(mesh.output()).toMatch(/kube-apiserver ended \(SIGKILL\); starting it again/);
    expect(mesh.processes()['kube-apiserver']!.pid).not.toBe(before['kube-apiserver']!.pid);
    expect(mesh.processes()['node-1']).toEqual(before['node-1']);
    await waitForStatuses(['running', 'running', 'queued']);
  });
});

const processesOfJobs = () =>
  findRunningContainers(place.stateFolder)
    .filter(({ folder }) => folder.includes('/containers/classify/'))
    .map(({ shim }) => shim.pid)
    .sort();

test('after a SIGKILL of the supervisor the next start takes over, and the jobs that ran have never stopped', async () => {
  const before = processesOfJobs();
  const left = mesh.processes();
  expect(await mesh.end('SIGKILL')).toBe('SIGKILL');
  expect(before).toHaveLength(2);

  mesh = await startMeshCommand(place);
  expect(mesh.output()).toContain('ended what an earlier run had left');
  expect(Object.keys(mesh.processes()).sort()).toEqual(Object.keys(left).sort());
  expect(Object.values(left).map(({ pid }) => existsSync(`/proc/${pid}`))).toEqual(Object.keys(left).map(() => false));
  await waitForStatuses(['running', 'running', 'queued']);
  expect(processesOfJobs()).toEqual(before);
});

test('a start that finds its addresses taken moves the services to others, and the jobs that ran have never stopped', async () => {
  const before = processesOfJobs();
  const octet = () => Number(readFileSync(path.join(place.stateFolder, 'octet'), 'utf8'));
  const octetBefore = octet();
  await mesh.end('SIGKILL');
  const taken = net.createServer().listen(7443, `127.${octetBefore}.0.1`);
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  mesh = await startMeshCommand(place);
  expect(octet()).not.toBe(octetBefore);
  await waitForStatuses(['running', 'running', 'queued']);
  expect(processesOfJobs()).toEqual(before);
});

test('Ctrl-C stops everything in order and leaves no process', async () => {
  expect(processesOf(place.stateFolder)).not.toEqual([]);
  expect(await mesh.end('SIGINT')).toBe(0);
  expect(mesh.output()).toMatch(/stopping; jobs that run end as failed[\s\S]*stopped\n$/);
  const services = readServiceEnds(place.stateFolder);
  expect(services.length).toBeGreaterThan(5);
  expect(services.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  expect(processesOf(place.stateFolder)).toEqual([]);
});

test('at the next start the jobs that ran have failed, and the one that waited runs', async () => {
  mesh = await startMeshCommand(place);
  await waitForStatuses(['failed', 'failed', 'running']);
  const [first] = await Promise.all(jobs.map(readJob));
  expect(first!.error!.message).toMatch(/terminated|shut ?down|stopped/i);
});

test('a reset after a SIGKILL ends what was left, jobs included, and removes the state', async () => {
  await mesh.end('SIGKILL');
  const { code, output } = await runMeshCommand('reset.ts', place);
  expect(output).toMatch(/^Removed .*, after ending \d+ processes of a killed run\.\n$/);
  expect([code, existsSync(place.stateFolder), processesOf(place.stateFolder)]).toEqual([0, false, []]);
  expect((await runMeshCommand('reset.ts', place)).output).toMatch(/^There is nothing to reset/);
});

test('a second Ctrl-C kills what is still stopping', async () => {
  mesh = await startMeshCommand(place);
  const stubborn = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'stubborn', namespace: 'default' },
    spec: {
      containers: [
        { name: 'main', image: 'busybox', command: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'] },
      ],
    },
  };
  const cluster = connectToCluster({ kubeconfig: mesh.kubeconfig });
  await cluster.create('/api/v1/namespaces/default/pods', stubborn);
  await vi.waitFor(
    async () => {
      const pod = await cluster.get<V1Pod>('/api/v1/namespaces/default/pods/stubborn');
      expect(pod.status?.phase).toBe('Running');
    },
    { timeout: 60_000, interval: 200 },
  );
  await cluster.close();
  expect(await pressUntilEnded(mesh.child)).toBe(130);
  expect(mesh.output()).toContain('killing what is still stopping');
  expect(processesOf(place.stateFolder)).toEqual([]);
});

test('a mesh that has lost its supervisor and its folder ends by itself', async () => {
  mesh = await startMeshCommand(place);
  await mesh.end('SIGKILL');
  expect(processesOf(place.stateFolder)).not.toEqual([]);
  rmSync(place.stateFolder, { recursive: true });
  await vi.waitFor(() => expect(processesOf(place.stateFolder)).toEqual([]), { timeout: 60_000, interval: 200 });
});

/** Presses Ctrl-C again and again; gives the exit code. */
async function pressUntilEnded(child: ChildProcess): Promise<number | null> {
  const ended = once(child, 'exit');
  const press = setInterval(() => child.kill('SIGINT'), 100);
  const [code] = await ended;
  clearInterval(press);
  return code;
}

async function postLongJob(): Promise<string> {
  const body = JSON.stringify({ dataset: 'mnist', epochs: 20 });
  const answer = await fetch(`${mesh.front}/free`, { method: 'POST', body });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { id: string }).id;
}

async function readJob(id: string) {
  const answer = await fetch(`${mesh.front}/free/jobs/${id}`);
  return (await answer.json()) as { status: string; error: { message: string } | null };
}

async function waitForStatuses(expected: string[]): Promise<void> {
  await vi.waitFor(
    async () => expect((await Promise.all(jobs.map(readJob))).map(({ status }) => status)).toEqual(expected),
    { timeout: 60_000, interval: 200 },
  );
}

/** How the newest run of each container has ended that is not a job's: whoever was killed has another exit code than 0. */
function readServiceEnds(stateFolder: string): { container: string; exitCode: number }[] {
  return globSync(path.join(stateFolder, 'node-*/pods/*/containers/*'))
    .filter((folder) => path.basename(folder) !== 'classify')
    .map((folder) => {
      const newest = Math.max(...readdirSync(folder).map(Number));
      const { exitCode } = JSON.parse(readFileSync(path.join(folder, String(newest), 'exit.json'), 'utf8'));
      return { container: path.basename(folder), exitCode };
    });
}

/** Every process of this machine whose command line or environment names the folder, but for this one. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const about = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
        return about.some((text) => text.includes(folder)) ? [about[0]!.replaceAll('\0', ' ')] : [];
      } catch {
        return []; // It has ended, or is another user's.
      }
    });
}
