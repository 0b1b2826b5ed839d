// Which version of each model answers. The store is looked through again and again, since a network file system tells
// nobody of changes; what is served stays in memory, whatever happens to the store.
import { join, sep } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { problem } from '@ml-job-mesh/http-service';
import { type ModelRunner, startModelRunner } from '../inference/model-runner.ts';
import { listModels, listVersions, type PublishedVersion } from '../model_store/list-models.ts';
import type { ModelDescription } from '../model_store/model-description.ts';
import { createStoreInspector } from './store-inspector.ts';

/** A version of a model, borrowed for one call: it is not taken away before the call gives it back. */
export interface BorrowedModel extends Disposable, Pick<ModelRunner, 'predict' | 'expectedWaitMs'> {
  description: ModelDescription;
}

export type ServedModels = ReturnType<typeof startServedModels>;

export interface ServedModelsOptions {
  /** The folder of the published models. */
  store: string;
  /** The model that answers where none is named, if it is there; otherwise the first by name. */
  defaultModel: string;
  /** How long after one look at the store the next follows. */
  pollMs?: number | undefined;
  /** Told once of each thing that is wrong in the store, and of a network that ended. */
  onFault: (message: string, about: object) => void;
  /** Told of each version that is served from now on. */
  onServed: (model: ModelDescription) => void;
  /** Told of the images that a network has looked at together, and how long it took. */
  onBatch: (model: string, images: number, milliseconds: number) => void;
}

interface Served {
  description: ModelDescription;
  runner: ModelRunner;
  borrowers: number;
  isRetired: boolean;
}

/** Serves what is in the store, and goes on looking there until it is stopped. */
export function startServedModels(options: ServedModelsOptions) {
  const { store, defaultModel, pollMs = 1_000, onFault, onServed, onBatch } = options;
  const served = new Map<string, Served>();
  const inspector = createStoreInspector(onFault);
  const stopping = new AbortController();
  /** What of the store cannot be read at present, by folder. */
  const unreadable = new Map<string, string>();
  /** Models whose networks have ended, until they are served again. */
  const lost = new Set<string>();
  let hasLooked = false;

  async function look(): Promise<void> {
    const names = (await attempt(store, () => listModels(store))) ?? [];
    for (const name of names) await attempt(join(store, name), () => refresh(name));
    for (const name of lost) if (!names.includes(name) && !unreadable.has(store)) lost.delete(name);
    // A store that is not there yet is one without models; one that cannot be read may have some.
    if (!unreadable.has(store) || unreadable.get(store)?.startsWith('ENOENT')) hasLooked = true;
  }

  /** Does something that reads a folder; where that fails, it is told once and tried again at the next look. */
  async function attempt<T>(folder: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await read();
      unreadable.delete(folder);
      return result;
    } catch (error) {
      const { message } = error as Error;
      if (unreadable.get(folder) !== message) onFault('the store of models cannot be read', { folder, cause: message });
      unreadable.set(folder, message);
      return undefined;
    }
  }

  /** Serves the newest version of a model that can be used. */
  async function refresh(name: string): Promise<void> {
    const versions = await listVersions(store, name);
    for (const version of versions) {
      if (stopping.signal.aborted) return;
      const current = served.get(name);
      const isCurrent = current?.description.version === version.version;
      if (isCurrent && (await inspector.isUnchanged(version))) break;
      if (await tryToServe(version)) break;
      // It was whole when it was loaded, and is served from memory.
      if (isCurrent) break;
    }
    if (versions.length === 0) return;
    inspector.keepOnly(versions, join(store, name) + sep);
  }

  async function tryToServe(version: PublishedVersion): Promise<boolean> {
    const model = await inspector.read(version);
    if (!model) return false;
    const { name } = version;
    const { description } = model;
    const before = served.get(name);
    if (before?.description.version === version.version && before.description.sha256 === description.sha256)
      return true;
    try {
      const runner = await startModelRunner(model, {
        onBatch: (images, milliseconds) => onBatch(name, images, milliseconds),
        onFailure: (error) => forget(name, runner, error),
      });
      served.set(name, { description, runner, borrowers: 0, isRetired: false });
      lost.delete(name);
      if (before) retire(before);
      onServed(description);
      return true;
    } catch (error) {
      inspector.refuse(version, error as Error);
      return false;
    }
  }

  /** The thread of a network is gone: the next look starts another. */
  function forget(name: string, runner: ModelRunner, error: Error): void {
    onFault("a network's thread has ended", { model: name, cause: error.message });
    if (served.get(name)?.runner !== runner) return;
    served.delete(name);
    lost.add(name);
  }

  function retire(model: Served): void {
    model.isRetired = true;
    if (model.borrowers === 0) void model.runner.stop();
  }

  const finished = (async () => {
    while (!stopping.signal.aborted) {
      await look();
      await setTimeout(pollMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  })();

  function find(name: string | undefined): Served {
    const names = [...served.keys()].sort();
    // Where the default one may still come, no other answers in its place.
    const isDefault = served.has(defaultModel) || lost.has(defaultModel) || !hasLooked;
    const chosen = name ?? (isDefault ? defaultModel : names[0]);
    const model = chosen === undefined ? undefined : served.get(chosen);
    if (model) return model;
    if (chosen !== undefined && lost.has(chosen))
      throw problem('not_ready', `the network of ${chosen} has failed and is loaded again`, { retryAfterSeconds: 2 });
    if (names.length > 0 && hasLooked)
      throw problem('model_not_found', `there is no model of this name; there are ${names.join(', ')}`);
    const detail = unreadable.has(store) ? 'the store of models cannot be read' : 'no model has been published yet';
    throw problem('not_ready', detail, { retryAfterSeconds: 2 });
  }

  return {
    /** Whether the store has been looked through, and what was there is served. */
    isReady: () => hasLooked,
    /**
     * What is served, by name.
     * @throws ServiceError 503 until there is a model
     */
    list(): ModelDescription[] {
      if (served.size === 0) find(undefined);
      return [...served.values()].map(({ description }) => description).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    /**
     * What is known of a model.
     * @throws ServiceError 404 when there is none of this name, 503 until there is any
     */
    describe: (name: string): ModelDescription => find(name).description,
    /**
     * A model to predict with, the default one if none is named.
     * @throws ServiceError 404 when there is none of this name, 503 until there is any
     */
    borrow(name?: string): BorrowedModel {
      const model = find(name);
      const { description, runner } = model;
      model.borrowers++;
      return {
        description,
        predict: runner.predict,
        expectedWaitMs: runner.expectedWaitMs,
        [Symbol.dispose]() {
          model.borrowers--;
          if (model.isRetired && model.borrowers === 0) void runner.stop();
        },
      };
    },
    /** Ends the networks' threads; to be called when no call is left. */
    async stop(): Promise<void> {
      stopping.abort();
      await finished;
      await Promise.all([...served.values()].map(({ runner }) => runner.stop()));
    },
  };
}
