// What was found in the store's folders. A version is read again only when its files have changed, and what is wrong with
// one is told once.
import { fingerprintOf, type PublishedVersion } from '../model_store/list-models.ts';
import { type PublishedModel, readModel } from '../model_store/read-model.ts';

interface Finding {
  fingerprint: string;
  /** It cannot be used as long as its files are the same. */
  isRefused: boolean;
  /** The fault of these files that was told last. */
  told: string | undefined;
}

/** @param onFault told of each version that cannot be used */
export function createStoreInspector(onFault: (message: string, about: object) => void) {
  const findings = new Map<string, Finding>();

  function refuse({ folder }: PublishedVersion, fingerprint: string, error: Error): void {
    const before = findings.get(folder);
    findings.set(folder, { fingerprint, isRefused: !mayPass(error), told: error.message });
    if (before?.fingerprint === fingerprint && before.told === error.message) return;
    onFault('a published model cannot be used and is passed over', { folder, cause: error.message });
  }

  return {
    /** Whether a version's files are as they were when they were last read. */
    isUnchanged: async (version: PublishedVersion) =>
      findings.get(version.folder)?.fingerprint === (await fingerprintOf(version)),
    /** Reads and verifies a version; gives undefined for one that cannot be used. */
    async read(version: PublishedVersion): Promise<PublishedModel | undefined> {
      const fingerprint = await fingerprintOf(version);
      const known = findings.get(version.folder);
      const isSame = known?.fingerprint === fingerprint;
      if (isSame && known.isRefused) return undefined;
      try {
        const model = await readModel(version.folder, version);
        findings.set(version.folder, { fingerprint, isRefused: false, told: isSame ? known.told : undefined });
        return model;
      } catch (error) {
        refuse(version, fingerprint, error as Error);
        return undefined;
      }
    },
    /** Remembers that a version whose files are whole cannot be used nevertheless. */
    refuse(version: PublishedVersion, error: Error): void {
      refuse(version, findings.get(version.folder)?.fingerprint ?? '', error);
    },
    /** Forgets the versions of a model that are gone. */
    keepOnly(versions: PublishedVersion[], modelFolder: string): void {
      const present = new Set(versions.map(({ folder }) => folder));
      for (const folder of findings.keys())
        if (folder.startsWith(modelFolder) && !present.has(folder)) findings.delete(folder);
    },
  };
}

/**
 * Whether it is the system's fault, not the files': a disk or a network that fails, too many open files, no memory for a
 * thread, files that may not be read yet. They may be readable at the next look, and look the same.
 */
function mayPass(error: Error): boolean {
  const { code } = (error.cause ?? error) as NodeJS.ErrnoException;
  return typeof code === 'string' && /^(E[A-Z0-9]+|ERR_WORKER_\w+)$/.test(code);
}
