/** Lets tests, which run in other processes, stop nodes and start them again: `POST /nodes/NAME/ACTION` on a socket. */
import { createServer } from 'node:http';
import type { RigNode } from '../nodes/node.ts';

/** What can be done to a node. */
export const nodeActions = ['die', 'comeBack', 'stopKubelet', 'startKubelet'] as const;

/** One of those. */
export type NodeAction = (typeof nodeActions)[number];

/** Listens at the socket until this process ends. */
export async function serveControls(socket: string, nodes: RigNode[]): Promise<void> {
  const server = createServer(async (request, response) => {
    const [, , name, action] = (request.url ?? '').split('/');
    const node = nodes.find(({ place }) => place.name === name);
    const known = nodeActions.find((one) => one === action);
    if (!node || !known) return response.writeHead(404).end(`there is no ${request.url}`);
    try {
      await node[known]();
      response.end();
    } catch (error) {
      response.writeHead(500).end((error as Error).message);
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
}
