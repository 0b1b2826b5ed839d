/** Stops nodes of a rig and starts them again, from the processes of its tests. */
import { request } from 'node:http';
import path from 'node:path';
import type { NodePlace } from '../layout.ts';
import type { NodeAction } from './server.ts';

/**
 * Does it to a node; returns when it is done.
 *
 *     await controlNode(stateFolder, 'node-2', 'die')          everything on it ends at once, as in a power failure
 *     await controlNode(stateFolder, 'node-2', 'comeBack')     and is there again, with the disk that it had
 *     await controlNode(stateFolder, 'node-2', 'stopKubelet')  its containers go on
 *
 * @throws Error with what the rig says of why it could not be done
 */
export function controlNode(stateFolder: string, name: NodePlace['name'], action: NodeAction): Promise<void> {
  const socketPath = path.join(stateFolder, 'controls.sock');
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method: 'POST', path: `/nodes/${name}/${action}` }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      if (response.statusCode === 200) resolve();
      else reject(new Error(`${action} of ${name}: ${Buffer.concat(parts)}`));
    });
    call.on('error', reject).end();
  });
}
