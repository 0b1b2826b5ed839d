import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fingerprintOf, listVersions, type PublishedVersion } from './list-models.ts';
import type { ModelDescription } from './model-description.ts';
import { readDescription } from './read-model.ts';

/** Older versions than these are not told of. */
const mostVersions = 50;
/** A store that takes longer than this to answer is not waited for. */
const withinMs = 2_000;

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

  async function readOlder({ name, version: newest }: ModelDescription): Promise<ModelDescription[]> {
    const published = await listVersions(store, name).catch(() => []);
    const older = published.filter(({ version }) => version < newest).slice(0, mostVersions - 1);
    const found: ModelDescription[] = [];
    for (const version of older) {
      const description = await read(version);
      if (description) found.push(description);
    }
    return found;
  }

  /**
   * One look at the store at a time, whoever asks: files are read by few threads, which images are read by as well. A
   * network file system whose server is away keeps each of them.
   */
  const looks = new Map<string, Promise<ModelDescription[]>>();
  let last: Promise<unknown> = Promise.resolve();
  function look(served: ModelDescription): Promise<ModelDescription[]> {
    const key = `${served.name} ${served.version}`;
    const begun = looks.get(key);
    if (begun) return begun;
    const begins = last.then(() => readOlder(served)).finally(() => looks.delete(key));
    looks.set(key, begins);
    last = begins;
    return begins;
  }

  /**
   * The versions of a model, the newest first: the one that is served, and the valid ones before it. While the store
   * cannot be read there is only the one that is served.
   */
  return async function tellHistory(served: ModelDescription): Promise<ModelDescription[]> {
    const tooLate = new AbortController();
    const nothing = setTimeout(withinMs, [], { signal: tooLate.signal }).catch(() => []);
    try {
      return [served, ...(await Promise.race([look(served), nothing]))];
    } finally {
      tooLate.abort();
    }
  };
}

/** @throws Error when it is not what a writer has finished */
async function readWhole({ name, version, folder }: PublishedVersion): Promise<ModelDescription> {
  const description = await readDescription(folder, { name, version });
  const { size } = await stat(join(folder, 'model.onnx'));
  if (size !== description.bytes) throw new Error(`model.onnx has ${size} bytes, not ${description.bytes}`);
  return description;
}
