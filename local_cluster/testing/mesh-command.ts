/** Runs `npm start`'s own program for tests, with a state folder and ports of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePort } from '@ml-job-mesh/cluster-client/testing/free-port.ts';
import { projectFolder } from '../install/cache.ts';
import { type ProcessRecords, readRecords } from '../supervisor/process-records.ts';

const readyLine = /^The mesh is ready/m;
const readyWithinMs = 900_000;

/** A mesh that runs as a program of its own. */
export interface MeshCommand {
  child: ChildProcess;
  stateFolder: string;
  front: string;
  grader: string;
  kubeconfig: string;
  /** What it has printed so far. */
  output(): string;
  processes(): ProcessRecords;
  /** Sends it a signal and waits for its end; gives its exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** Where a mesh keeps its state and listens. */
export interface MeshPlace {
  stateFolder: string;
  port: number;
  graderPort: number;
}

/** A state folder that is not there yet, and two free ports. */
export async function newMeshPlace(): Promise<MeshPlace> {
  const stateFolder = path.join(mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-')), 'state');
  return { stateFolder, port: await findFreePort(), graderPort: await findFreePort() };
}

/** Removes a mesh's state folder and what is around it. */
export function removeMeshPlace({ stateFolder }: MeshPlace): void {
  rmSync(path.dirname(stateFolder), { recursive: true, force: true });
}

/**
 * Starts a mesh and returns when it says that it is ready.
 * @throws Error with what it printed, if it ends before
 */
export async function startMeshCommand(place: MeshPlace, args: string[] = []): Promise<MeshCommand> {
  const { stateFolder, port, graderPort } = place;
  const child = runCommandLine('start.ts', place, ['--port', `${port}`, '--grader-port', `${graderPort}`, ...args]);
  const log = createWriteStream(path.join(path.dirname(stateFolder), 'output.log'), { flags: 'a' });
  let printed = '';
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal ?? code ?? 0));
  });
  await new Promise<void>((resolve, reject) => {
    const giveUp = setTimeout(() => reject(new Error(`the mesh is not ready:\n${printed}`)), readyWithinMs);
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk) => {
        printed += chunk;
        log.write(chunk);
        if (readyLine.test(printed)) resolve();
      });
    }
    ended.then((how) => reject(new Error(`the mesh ended (${how}) before it was ready:\n${printed}`)));
    Promise.allSettled([ended]).then(() => clearTimeout(giveUp));
  });
  return {
    child,
    stateFolder,
    front: `http://127.0.0.1:${port}`,
    grader: `http://127.0.0.1:${graderPort}`,
    kubeconfig: path.join(stateFolder, 'kubeconfig'),
    output: () => printed,
    processes: () => readRecords(stateFolder),
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs one of the project's commands to its end; gives its exit code and what it printed. */
export async function runMeshCommand(program: 'start.ts' | 'reset.ts', place: MeshPlace, args: string[] = []) {
  const child = runCommandLine(program, place, args);
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}

function runCommandLine(program: string, { stateFolder }: MeshPlace, args: string[]): ChildProcess {
  const child = spawn(process.execPath, [path.join(projectFolder, 'local_cluster', program), ...args], {
    env: { ...process.env, MESH_STATE: stateFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // A test runner that ends without its teardown, as after Ctrl-C, takes its mesh with it.
  const stop = () => child.kill('SIGTERM');
  process.once('exit', stop);
  child.once('exit', () => process.removeListener('exit', stop));
  return child;
}
