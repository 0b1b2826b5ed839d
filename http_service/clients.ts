// Who is asking. Without API keys everybody is the same client and sees every job.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyRequest } from 'fastify';
import { problem } from './errors.ts';

/** The `WWW-Authenticate` of a request without a known key. */
export const authenticate = 'Bearer realm="ml-job-mesh"';

export interface Clients {
  /** Whether API keys are on, so that each client is shown its own jobs only. */
  areApart: boolean;
  /**
   * The name of the client that makes a request; empty where keys are off.
   * @throws ServiceError 401 where keys are on and the request carries none that is known
   */
  identify(request: Pick<FastifyRequest, 'headers'>): string;
  /** Whether a client may see and cancel what was made by `owner`, the name of a client. */
  owns(client: string, owner: string | undefined): boolean;
}

/** Everybody is one client. */
export const everybody: Clients = { areApart: false, identify: () => '', owns: () => true };

/**
 * Reads the API keys that are accepted: a line `name:sha256` for each, the hash of the key in hexadecimal.
 * @throws Error that names the file and the line that cannot be read
 */
export function loadClients(file: string): Clients {
  const names = new Map<string, string>();
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const found = /^([\w.-]{1,63}):([0-9a-f]{64})\s*$/.exec(line);
    if (!found) throw new Error(`${file}, line ${index + 1}: expected "name:sha256", the key's hash in hexadecimal`);
    names.set(found[2]!, found[1]!);
  }
  return {
    areApart: true,
    identify({ headers }) {
      const key = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-api-key'];
      // Looked up by hash, so that the time it takes tells nothing about the keys.
      const name = typeof key === 'string' ? names.get(createHash('sha256').update(key).digest('hex')) : undefined;
      if (!name) throw problem('unauthorized', 'send a known API key as "Authorization: Bearer …" or "X-API-Key: …"');
      return name;
    },
    owns: (client, owner) => owner === client,
  };
}
