// The files of a ConfigMap, Secret, downward-API or projected volume. All of them change at once: they are in a folder
// of their own, `..data` links to the newest such folder, and what a container opens links through `..data`. A new set
// is written beside the old one and the link is replaced by rename, so nobody ever sees a part of one set beside a part
// of another. The layout is kubelet's (k8s.io/kubernetes/pkg/volume/util, AtomicWriter); programs that watch a volume
// for changes know it.
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

export interface ProjectedFile {
  content: string | Buffer;
  mode?: number | undefined;
}

/** Files by their path below the volume. */
export type FileSet = Map<string, ProjectedFile>;

const dataLink = '..data';

/**
 * Makes the folder hold these files and no others, in one step. Nothing is touched where it holds them already.
 * @param defaultMode of files that name none
 * @throws RangeError for a path that leaves the folder
 */
export async function writeFileSet(folder: string, files: FileSet, defaultMode = 0o644): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const path of files.keys()) pathInside(folder, path);
  const current = await readlink(join(folder, dataLink)).catch(() => undefined);
  if (current === undefined || !(await holds(join(folder, current), files, defaultMode))) {
    await publish(folder, files, defaultMode);
    if (current !== undefined) await rm(join(folder, current), { recursive: true, force: true });
  }
  await linkTopLevel(folder, files);
}

/** Where a path below a folder is. @throws RangeError for one that leaves it */
export function pathInside(folder: string, path: string): string {
  const target = resolve(folder, path);
  if (target !== folder && !target.startsWith(folder + sep)) throw new RangeError(`"${path}" leaves its volume`);
  return target;
}

async function publish(folder: string, files: FileSet, defaultMode: number): Promise<void> {
  const set = await mkdtemp(join(folder, '..set-'));
  try {
    await fill(set, files, defaultMode);
    const temporary = join(folder, '..data_tmp');
    await rm(temporary, { force: true });
    await symlink(set.slice(folder.length + 1), temporary);
    await rename(temporary, join(folder, dataLink));
  } catch (fault) {
    // It is tried again and again, so nothing may be left of it. Why it failed matters more than what stays.
    await rm(set, { recursive: true, force: true }).catch(() => undefined);
    throw fault;
  }
}

async function fill(set: string, files: FileSet, defaultMode: number): Promise<void> {
  await chmod(set, 0o755);
  for (const [path, { content, mode }] of files) {
    const target = pathInside(set, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    await chmod(target, mode ?? defaultMode);
  }
}

/** Links each first part of a path through `..data`, and removes what belongs to no file any more. */
async function linkTopLevel(folder: string, files: FileSet): Promise<void> {
  const wanted = new Set([...files.keys()].map((path) => path.split('/')[0]!));
  const current = await readlink(join(folder, dataLink));
  for (const entry of await readdir(folder)) {
    if (entry !== dataLink && entry !== current && !wanted.has(entry))
      await rm(join(folder, entry), { recursive: true, force: true });
  }
  for (const name of wanted) {
    const link = join(folder, name);
    const found = await lstat(link).catch(() => undefined);
    if (found?.isSymbolicLink()) continue;
    if (found) await rm(link, { recursive: true });
    await symlink(join(dataLink, name), link);
  }
}

/** Whether a set on disk is these files, each with its mode. */
async function holds(set: string, files: FileSet, defaultMode: number): Promise<boolean> {
  const entries = await readdir(set, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = entries.filter((entry) => entry.isFile());
  if (found.length !== files.size) return false;
  for (const [path, { content, mode }] of files) {
    const file = join(set, path);
    const [written, status] = await Promise.all([
      readFile(file).catch(() => undefined),
      lstat(file).catch(() => undefined),
    ]);
    if (!written?.equals(Buffer.from(content as string)) || (status!.mode & 0o777) !== (mode ?? defaultMode))
      return false;
  }
  return true;
}
