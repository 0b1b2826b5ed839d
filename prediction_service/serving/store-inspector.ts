// What was found in the store's folders. A version is read again only when its files have changed, and what is wrong with
// one is told once.
import { fingerprintOf, type PublishedVersion } from '../model_store/list-models.ts';
import { type PublishedModel, readModel } from '../model_store/read-model.ts';

/** @param onFault told of each version that cannot be used */
export function createStoreInspector(onFault: (message: string, about: object) => void) {
  const findings = new Map<string, { fingerprint: string; isUsable: boolean }>();

  function refuse({ folder }: PublishedVersion, fingerprint: string, error: Error): void {
    findings.set(folder, { fingerprint, isUsable: false });
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
      if (known?.fingerprint === fingerprint && !known.isUsable) return undefined;
      try {
        const model = await readModel(version.folder, version);
        findings.set(version.folder, { fingerprint, isUsable: true });
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
