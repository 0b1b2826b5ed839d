// A cluster that is only told of: watches that show what the benchmark says, and patches that are answered as the API
// server would. What a tier does with it is the tier's own code, from the bytes of a watch on.
import { Readable } from 'node:stream';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';

interface Named {
  metadata?: { name?: string | undefined; resourceVersion?: string | undefined } | undefined;
}
type Patch = (path: string, body: unknown) => void;

/** Makes one; `onPatch` is told of every patch. */
export function createRecordedCluster(onPatch: Patch) {
  const initial = new Map<string, Named[]>();
  const streams = new Map<string, Readable>();
  let version = 1;
  const next = () => String(++version);

  const connection = {
    async get(path: string) {
      const items = initial.get(path) ?? [];
      for (const item of items) item.metadata = { ...item.metadata, resourceVersion: next() };
      return { items, metadata: { resourceVersion: next() } };
    },
    async watch(path: string): ReturnType<ClusterConnection['watch']> {
      const body = new Readable({ read() {} });
      streams.set(path, body);
      return { body, isBinary: false };
    },
    async patch(path: string, body: unknown) {
      onPatch(path, body);
      return {};
    },
  };

  return {
    connection: connection as unknown as ClusterConnection,
    /** What a list of this collection gives. To be called before it is watched. */
    list: (path: string, items: Named[]) => void initial.set(path, items),
    isWatched: (path: string) => streams.has(path),
    /** Shows an event on the watch of a collection. */
    show(path: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Named): void {
      object.metadata = { ...object.metadata, resourceVersion: next() };
      streams.get(path)!.push(`${JSON.stringify({ type, object })}\n`);
    },
    end(): void {
      for (const stream of streams.values()) stream.destroy();
    },
  };
}
