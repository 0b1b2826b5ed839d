/**
 * What takes long to make is kept in the user's cache folder, under a hash of all that it was made of, so that a second
 * clone of the project, or a second start, finds it there.
 */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statfsSync,
  statSync,
  utimesSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { syncEntry } from '../record-file.ts';
import { tryLock, waitForLock } from '../supervisor/lock.ts';
import { syncFiles } from './sync-files.ts';
import { nameUnfinished, removeAbandoned, removeFolder } from './unfinished.ts';

const unusedAfterMs = 30 * 24 * 60 * 60 * 1000;

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
 * Finds a kept thing or makes it. It appears under its name only when it is complete and on the disk: whoever is killed,
 * loses power or finds the disk full leaves at most a folder under another name, which the next one removes. Of several processes that want it at once
 * one makes it; where they cannot see each other, as in containers that share the cache, the first one's counts.
 * @param make fills the empty folder that it is given, which is moved to `final` once it is complete
 * @param wait `onWait` is called once if another process is making it now; `signal` ends the wait for that one
 * @throws the signal's reason if it is aborted during the wait
 */
export async function keep(
  what: string,
  hash: string,
  make: (folder: string, final: string) => Promise<void>,
  wait: { onWait?: () => void; signal?: AbortSignal } = {},
): Promise<Kept> {
  const folder = keptFolder(what, hash);
  if (markUsed(folder)) return { folder, fresh: false };
  const lock = await waitForLock(folder, wait);
  try {
    if (markUsed(folder)) return { folder, fresh: false };
    removeAbandoned(cacheFolder());
    const unfinished = nameUnfinished(folder);
    mkdirSync(unfinished);
    try {
      await make(unfinished, folder);
      await syncFiles(unfinished);
      return { folder, fresh: moveIntoPlace(unfinished, folder) };
    } finally {
      removeFolder(unfinished);
    }
  } finally {
    await lock.release();
  }
}

/** Gives false if another one was there first. */
function moveIntoPlace(unfinished: string, folder: string): boolean {
  try {
    renameSync(unfinished, folder);
    syncEntry(path.dirname(folder));
    return true;
  } catch (error) {
    if (existsSync(folder)) return false;
    throw error;
  }
}

/** Notes that a kept thing, or something in it, is used now. Gives false if it is not there. */
export function markUsed(file: string): boolean {
  const name = path.relative(cacheFolder(), file).split(path.sep)[0]!;
  if (!existsSync(file) || name === '' || name === '..') return existsSync(file);
  const now = new Date();
  try {
    utimesSync(path.join(cacheFolder(), name), now, now);
  } catch {
    // Somebody else's, or read-only.
  }
  return true;
}

/** Removes what was kept and has not been used for a month, and what was never finished. */
export async function removeUnused(now = Date.now()): Promise<void> {
  const cache = cacheFolder();
  removeAbandoned(cache);
  for (const name of readdirSync(cache)) {
    if (!/-[0-9a-f]{16}$/.test(name)) continue;
    const folder = path.join(cache, name);
    const lock = await tryLock(folder);
    if (!lock) continue;
    try {
      const { mtimeMs } = statSync(folder, { throwIfNoEntry: false }) ?? {};
      if (mtimeMs === undefined || now - mtimeMs < unusedAfterMs) continue;
      // Away from its name at once, so that nobody finds half of it.
      const leaving = nameUnfinished(folder);
      renameSync(folder, leaving);
      removeFolder(leaving);
    } finally {
      await lock.release();
    }
  }
}

/** Makes a folder that lasts as long as the work on it, in the cache folder because there may be gigabytes in it. */
export async function withWorkFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  removeAbandoned(cacheFolder());
  const folder = nameUnfinished(path.join(cacheFolder(), 'work'));
  mkdirSync(folder);
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

function homeOnRecord(): string {
  try {
    return os.userInfo().homedir;
  } catch {
    return ''; // A user id without an entry, as in some containers.
  }
}
