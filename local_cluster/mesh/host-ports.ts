/** Checks that the mesh's two ports are free before anything starts. */
import net from 'node:net';
import { findRunningContainers } from '../supervisor/leftover-containers.ts';
import { describePortOwner } from './port-owner.ts';

/** A port that something else listens on; the message names it and what to do. */
export class PortTakenError extends Error {
  override name = 'PortTakenError';
}

/**
 * Tries to listen on each port. One that a killed run of this very mesh still forwards is no obstacle: it is taken over.
 * @param ports port numbers by the option that sets them
 * @throws PortTakenError
 */
export async function requireFreePorts(
  host: string,
  ports: Record<string, number>,
  stateFolder: string,
): Promise<void> {
  const ours = findRunningContainers(stateFolder).map(({ folder }) => folder);
  for (const [option, port] of Object.entries(ports)) {
    if (ours.some((folder) => folder.includes(`/host-ports/${host}:${port}/`))) continue;
    const code = await tryToListen(host, port);
    if (code === undefined) continue;
    const reasons: Record<string, string> = {
      EADDRINUSE: `port ${port} on ${host} is taken by ${describePortOwner(host, port)}`,
      EACCES: `port ${port} may only be used by root: choose one above 1023`,
      EADDRNOTAVAIL: `${host} is not an address of this machine: choose another with --host`,
    };
    throw new PortTakenError(
      `${reasons[code] ?? `port ${port} on ${host} cannot be used (${code})`}, for instance \`npm start -- --${option} ${port < 60000 ? port + 1010 : 18080}\``,
    );
  }
}

function tryToListen(host: string, port: number): Promise<string | undefined> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
