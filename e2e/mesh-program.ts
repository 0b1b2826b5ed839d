// The command-line client as a user runs it in the project's folder, against the mesh of the tests.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { projectFolder } from '../local_cluster/install/cache.ts';
import { front } from './mesh.ts';

export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface MeshProgram {
  /** Settles when it has printed a text to standard output, or has ended. */
  printed(text: string): Promise<void>;
  /** Presses Ctrl-C. */
  interrupt(): void;
  ended: Promise<Ended>;
}

// What npm says about itself and its settings is no concern of these tests.
const environment = { ...process.env, MESH_URL: front, npm_config_loglevel: 'silent' };

/** What `npx mesh` runs. npx itself takes twice as long as all else. */
const installedProgram = path.join(projectFolder, 'node_modules', '.bin', 'mesh');

/** Starts the client with these arguments, or another program that does the same. */
export function startMesh(args: string[], program = [installedProgram]): MeshProgram {
  const [command, ...first] = program;
  // In a group of its own, as a shell starts it: Ctrl-C is for all of them.
  const child = spawn(command!, [...first, ...args], { cwd: projectFolder, env: environment, detached: true });
  const ended: Ended = { exitCode: null, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (ended[name] += text));
  }
  const whenEnded = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ ...ended, exitCode }));
  });
  return {
    ended: whenEnded,
    interrupt: () => process.kill(-child.pid!, 'SIGINT'),
    async printed(text) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => ended.stdout.includes(text) && resolve();
      child.stdout.on('data', look);
      look();
      await Promise.race([promise, whenEnded]);
    },
  };
}

/** Runs the client to its end. */
export function mesh(...args: string[]): Promise<Ended> {
  return startMesh(args).ended;
}

/** Runs the client and gives its standard output; fails unless it ended well and complained of nothing. */
export async function meshPrints(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await mesh(...args);
  if (exitCode !== 0 || stderr !== '') throw new Error(`mesh ${args.join(' ')}: exit code ${exitCode}\n${stderr}`);
  return stdout;
}
