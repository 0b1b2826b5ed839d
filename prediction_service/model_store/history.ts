import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprintOf, listVersions, type PublishedVersion } from './list-models.ts';
import type { ModelDescription } from './model-description.ts';
import { readDescription } from './read-model.ts';

/** Older versions than these are not told of. */
const mostVersions = 50;

export type History = ReturnType<typeof createHistory>;

/** Tells of the versions that were published before those that are served. Each is read once, until it changes. */
export function createHistory(store: string) {
  const known = new Map<string, { fingerprint: string; description: ModelDescription | undefined }>();

  async function read(version: PublishedVersion): Promise<ModelDescription | undefined> {
    const fingerprint = await fingerprintOf(version);
    const before = known.get(version.folder);
    if (before?.fingerprint === fingerprint) return before.description;
    const description = await readWhole(version).catch(() => undefined);
    known.set(version.folder, { fingerprint, description });
    return description;
  }

  /**
   * The versions of a model, the newest first: the one that is served, and the valid ones before it. While the store
   * cannot be read there is only the one that is served.
   */
  return async function tellHistory(served: ModelDescription): Promise<ModelDescription[]> {
    const published = await listVersions(store, served.name).catch(() => []);
    const older = published.filter(({ version }) => version < served.version).slice(0, mostVersions - 1);
    const found = await Promise.all(older.map(read));
    return [served, ...found.filter((description) => description !== undefined)];
  };
}

/** @throws Error when it is not what a writer has finished */
async function readWhole({ name, version, folder }: PublishedVersion): Promise<ModelDescription> {
  const description = await readDescription(folder, { name, version });
  const { size } = await stat(join(folder, 'model.onnx'));
  if (size !== description.bytes) throw new Error(`model.onnx has ${size} bytes, not ${description.bytes}`);
  return description;
}
