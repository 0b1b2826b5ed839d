import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A version of a model as it lies in the store, not looked into yet. */
export interface PublishedVersion {
  name: string;
  version: number;
  folder: string;
}

/**
 * The names of the models. A name that begins with a dot is of a writer that has not finished.
 * @throws Error when the store cannot be read
 */
export async function listModels(store: string): Promise<string[]> {
  return (await foldersIn(store)).filter((name) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)).sort();
}

/**
 * The versions of a model, the newest first.
 * @throws Error when its folder cannot be read
 */
export async function listVersions(store: string, name: string): Promise<PublishedVersion[]> {
  return (await foldersIn(join(store, name)))
    .filter((version) => /^[1-9]\d{0,8}$/.test(version))
    .map((version) => ({ name, version: Number(version), folder: join(store, name, version) }))
    .sort((a, b) => b.version - a.version);
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Changes whenever one of a version's files does. One after the other: where the store hangs, each keeps a thread. */
export async function fingerprintOf({ folder }: PublishedVersion): Promise<string> {
  const parts: string[] = [];
  for (const file of ['model.json', 'model.onnx']) {
    try {
      const { ino, size, mtimeMs } = await stat(join(folder, file));
      parts.push(`${ino}-${size}-${mtimeMs}`);
    } catch (error) {
      parts.push(String((error as NodeJS.ErrnoException).code));
    }
  }
  return parts.join(' ');
}
