// What a stub of the Kubernetes API tells those who watch: what happened after the version that they know, and then what
// happens.
import type { ServerResponse } from 'node:http';

export interface VersionedObject {
  metadata?: { resourceVersion?: string };
}

/** Starts an empty one, of any number of collections. */
export function createWatchHistory() {
  const events: { version: number; collection: string; line: string }[] = [];
  const watches = new Map<ServerResponse, string>();
  let version = 100;

  return {
    /** The version of the newest event, which is that of a list made now. */
    version: () => String(version),

    /** Gives the object the next version, and tells those who watch its collection. */
    record(type: 'ADDED' | 'MODIFIED' | 'DELETED', collection: string, object: VersionedObject): void {
      version += 1;
      object.metadata = { ...object.metadata, resourceVersion: String(version) };
      const line = `${JSON.stringify({ type, object })}\n`;
      events.push({ version, collection, line });
      for (const [watch, watched] of watches) if (watched === collection) watch.write(line);
    },

    /** Answers a watch of a collection until its time is over. */
    serve(collection: string, query: URLSearchParams, response: ServerResponse): void {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      const from = Number(query.get('resourceVersion'));
      for (const event of events) {
        if (event.collection === collection && event.version > from) response.write(event.line);
      }
      watches.set(response, collection);
      const end = setTimeout(() => response.end(), Number(query.get('timeoutSeconds')) * 1_000);
      response.on('close', () => {
        clearTimeout(end);
        watches.delete(response);
      });
    },

    /** Cuts all watches. */
    cut(): void {
      for (const watch of watches.keys()) watch.destroy();
    },
  };
}
