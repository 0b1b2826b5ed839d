/**
 * What takes long to make is kept in the user's cache folder, under a hash of all that it was made of, so that a second
 * clone of the project, or a second start, finds it there.
 */
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { waitForLock } from '../supervisor/lock.ts';
import { identifyProcess } from '../supervisor/process-identity.ts';

/** The project's own folder. */
export const projectFolder = path.resolve(import.meta.dirname, '../..');

/** A kept thing. */
export interface Kept {
  folder: string;
  /** It was made by this call, not before. */
  fresh: boolean;
}

/**
 * The folder that holds everything kept: `$XDG_CACHE_HOME/ml-job-mesh`, or in `~/.cache`. A user without a home
 * that can be written to gets one inside the project. It exists when this returns.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment.HOME || homeOnRecord();
  const base = environment.XDG_CACHE_HOME || (home ? path.join(home, '.cache') : undefined);
  for (const candidate of [base, path.join(projectFolder, 'node_modules', '.cache')]) {
    if (!candidate || !path.isAbsolute(candidate)) continue;
    const folder = path.join(candidate, 'ml-job-mesh');
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      // Read-only or somebody else's: the next one.
    }
  }
  throw new Error(`no folder can be written to for what is built: set XDG_CACHE_HOME to one`);
}

/** A short hash of strings and of files' contents, in this order. */
export function hashInputs(inputs: (string | { file: string; content: Buffer })[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    hash.update(typeof input === 'string' ? `${input}\0` : `${path.basename(input.file)}\0`);
    if (typeof input !== 'string') hash.update(input.content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Gives the folder of a kept thing, whether it is there or not. */
export function keptFolder(what: string, hash: string): string {
  return path.join(cacheFolder(), `${what}-${hash}`);
}

/**
 * Finds a kept thing or makes it. It appears under its name only when it is complete, and of several processes that
 * want it at once one makes it.
 * @param make fills the empty folder that it is given, which is moved to `final` once it is complete
 * @param onWait called once if another process is making it now
 */
export async function keep(
  what: string,
  hash: string,
  make: (folder: string, final: string) => Promise<void>,
  onWait: () => void = () => undefined,
): Promise<Kept> {
  const folder = keptFolder(what, hash);
  if (existsSync(folder)) return { folder, fresh: false };
  const lock = await waitForLock(folder, onWait);
  try {
    if (existsSync(folder)) return { folder, fresh: false };
    removeUnfinished(path.basename(folder));
    const unfinished = `${folder}.new`;
    mkdirSync(unfinished);
    try {
      await make(unfinished, folder);
      renameSync(unfinished, folder);
    } finally {
      removeFolder(unfinished);
    }
    return { folder, fresh: true };
  } finally {
    await lock.release();
  }
}

/**
 * Makes a folder that lasts as long as the work on it, in the cache folder because there may be gigabytes in it.
 * Removes what a killed process has left of its own.
 */
export async function withWorkFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  for (const name of readdirSync(cacheFolder())) {
    const [, pid, ticks] = /^work-(\d+)-(\d+)$/.exec(name) ?? [];
    if (pid && identifyProcess(Number(pid))?.startTicks !== Number(ticks)) {
      removeFolder(path.join(cacheFolder(), name));
    }
  }
  const folder = path.join(cacheFolder(), `work-${process.pid}-${identifyProcess(process.pid)?.startTicks}`);
  mkdirSync(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    removeFolder(folder);
  }
}

/**
 * Sees to it that there is room where things are kept.
 * @throws Error that says how much there is and how much is needed
 */
export function requireRoom(gigabytes: number): void {
  const folder = cacheFolder();
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1e9;
  if (free >= gigabytes) return;
  throw new Error(
    `needs ${gigabytes} GB in ${folder}, and ${free.toFixed(1)} GB are free: make room, or set XDG_CACHE_HOME`,
  );
}

function removeUnfinished(name: string): void {
  removeFolder(path.join(cacheFolder(), `${name}.new`));
}

/** Removes a folder, read-only ones in it included (Go's module cache is). */
function removeFolder(folder: string): void {
  if (!existsSync(folder)) return;
  makeWritable(folder);
  rmSync(folder, { recursive: true, force: true });
}

function makeWritable(folder: string): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(path.join(folder, entry.name));
  }
}

function homeOnRecord(): string {
  try {
    return os.userInfo().homedir;
  } catch {
    return ''; // A user id without an entry, as in some containers.
  }
}
