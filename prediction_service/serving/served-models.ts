// Which version of each model answers. The store is looked through again and again, since a network file system tells
// nobody of changes; what is served stays in memory, whatever happens to the store.
import { setTimeout } from 'node:timers/promises';
import { problem } from '@ml-job-mesh/http-service';
import { type ModelRunner, startModelRunner } from '../inference/model-runner.ts';
import { fingerprintOf, listModels, listVersions, type PublishedVersion } from '../model_store/list-models.ts';
import type { ModelDescription } from '../model_store/model-description.ts';
import { readModel } from '../model_store/read-model.ts';

/** A version of a model, borrowed for one request: it is not taken away before the request gives it back. */
export interface BorrowedModel extends Disposable {
  description: ModelDescription;
  predict: ModelRunner['predict'];
}

export type ServedModels = ReturnType<typeof startServedModels>;

export interface ServedModelsOptions {
  /** The folder of the published models. */
  store: string;
  /** The model that answers where none is named, if it is there; otherwise the first by name. */
  defaultModel?: string;
  /** How long after one look at the store the next follows. */
  pollMs?: number;
  /** Told once of each thing that is wrong in the store, and of a network that ended. */
  onFault?: (message: string, about: object) => void;
  onServed?: (model: ModelDescription) => void;
  onBatch?: (model: string, images: number, milliseconds: number) => void;
}

interface Served {
  description: ModelDescription;
  runner: ModelRunner;
  fingerprint: string;
  borrowers: number;
  isRetired: boolean;
}

/** Serves what is in the store, and goes on looking there until it is stopped. */
export function startServedModels(options: ServedModelsOptions) {
  const { store, defaultModel = 'mnist-cnn', pollMs = 1_000 } = options;
  const { onFault = () => undefined, onServed = () => undefined, onBatch = () => undefined } = options;
  const served = new Map<string, Served>();
  /** What was found to be wrong, by folder: it is neither read nor told again until it changes. */
  const refused = new Map<string, string>();
  const stopping = new AbortController();
  let storeFault: string | undefined;
  let looks = 0;

  async function look(): Promise<void> {
    try {
      for (const name of await listModels(store)) {
        if (stopping.signal.aborted) return;
        await refresh(name);
      }
      storeFault = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== storeFault) onFault('the store of models cannot be read', { store, cause: message });
      storeFault = message;
    }
    looks++;
  }

  /** Serves the newest version of a model that can be used. */
  async function refresh(name: string): Promise<void> {
    for (const version of await listVersions(store, name)) {
      const current = served.get(name);
      const isCurrent = current?.description.version === version.version;
      const fingerprint = await fingerprintOf(version);
      if (isCurrent && current.fingerprint === fingerprint) return;
      if (refused.get(version.folder) !== fingerprint && (await tryToServe(version, fingerprint))) return;
      // Its files were whole when it was loaded, and it is served from memory.
      if (isCurrent) return;
    }
  }

  async function tryToServe(version: PublishedVersion, fingerprint: string): Promise<boolean> {
    const { name, folder } = version;
    try {
      const model = await readModel(folder, version);
      const before = served.get(name);
      if (before?.description.sha256 === model.description.sha256 && before.description.version === version.version) {
        before.fingerprint = fingerprint;
        return true;
      }
      const runner = await startModelRunner(model, {
        onBatch: (images, milliseconds) => onBatch(name, images, milliseconds),
        onFailure: (error) => onFailure(name, runner, error),
      });
      served.set(name, { description: model.description, runner, fingerprint, borrowers: 0, isRetired: false });
      if (before) retire(before);
      refused.delete(folder);
      onServed(model.description);
      return true;
    } catch (error) {
      refused.set(folder, fingerprint);
      onFault('a published model cannot be used and is passed over', { folder, cause: (error as Error).message });
      return false;
    }
  }

  /** The thread of a network is gone: the next look starts another. */
  function onFailure(name: string, runner: ModelRunner, error: Error): void {
    onFault("a network's thread has ended", { model: name, cause: error.message });
    if (served.get(name)?.runner === runner) served.delete(name);
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
    const chosen = name ?? (served.has(defaultModel) ? defaultModel : [...served.keys()].sort()[0]);
    const model = chosen === undefined ? undefined : served.get(chosen);
    if (model) return model;
    if (served.size === 0 || looks === 0) {
      const detail = storeFault ? 'the store of models cannot be read' : 'no model has been published yet';
      throw problem('not_ready', detail, { retryAfterSeconds: 2 });
    }
    throw problem(
      'model_not_found',
      `there is no model of this name; there are ${[...served.keys()].sort().join(', ')}`,
    );
  }

  return {
    /** Whether there is a model to answer with. */
    isReady: () => served.size > 0,
    /**
     * What is served, by name.
     * @throws ServiceError 503 until there is a model
     */
    list(): ModelDescription[] {
      find(undefined);
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
      model.borrowers++;
      return {
        description: model.description,
        predict: model.runner.predict,
        [Symbol.dispose]() {
          model.borrowers--;
          if (model.isRetired && model.borrowers === 0) void model.runner.stop();
        },
      };
    },
    /** Ends the networks' threads; to be called when no request is left. */
    async stop(): Promise<void> {
      stopping.abort();
      await finished;
      await Promise.all([...served.values()].map(({ runner }) => runner.stop()));
    },
  };
}
