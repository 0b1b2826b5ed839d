/** kubectl: the cluster's own, or the one that the user has. */
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../install/cache.ts';
import { commandOf } from './programs.ts';

/**
 * Runs kubectl; gives what it printed.
 * @param programs where it is, as `commandOf` takes it
 * @throws Error with what kubectl wrote to its error output
 */
export async function runKubectl(programs: string, args: string[], input?: string): Promise<string> {
  const { command, first } = commandOf(programs, 'kubectl');
  const running = promisify(execFile)(command, [...first, ...args], {
    maxBuffer: 64 * 1024 * 1024,
    // Or it would keep what it learns of the API in the user's home.
    env: { ...process.env, KUBECACHEDIR: path.join(cacheFolder(), 'kubectl') },
  });
  running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`kubectl ${args.join(' ')}: ${stderr?.trim() || message}`, { cause: error });
  }
}

/**
 * Finds a kubectl for a cluster that is there already: the one on the PATH, or one that was installed for an embedded cluster.
 * @param installed where that is, if it is
 * @returns what `runKubectl` takes
 * @throws Error that says how to get one
 */
export function findKubectl(installed: string | undefined): string {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const folder = folders.find((candidate) => isProgram(path.join(candidate, 'kubectl')));
  if (folder) return folder;
  if (installed) return installed;
  throw new Error(
    '--context needs kubectl, and there is none on the PATH. Install it, for instance with `brew install kubectl` or as ' +
      'https://kubernetes.io/docs/tasks/tools describes, and run this again',
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
