import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived behind Envoy. */
export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type StubUpstream = Awaited<ReturnType<typeof startStubUpstream>>;

export interface StubOptions {
  /** Answers instead. */
  answer?: RequestListener;
  /** Any free one if left out. */
  port?: number;
  host?: string;
}

/**
 * A service behind Envoy that says who it is and what it saw.
 * @param name what it calls itself, in the answer's header `upstream`
 */
export async function startStubUpstream(name: string, { answer, port = 0, host = '127.0.0.1' }: StubOptions = {}) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const isHealthCheck = request.headers['user-agent'] === 'Envoy/HC';
    if (isHealthCheck || request.url?.endsWith('/healthz')) return response.writeHead(200, { upstream: name }).end();
    if (answer) {
      seen.push(describe(request, ''));
      return answer(request, response);
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(describe(request, body));
    response.writeHead(200, { upstream: name, 'content-type': 'application/json' }).end(JSON.stringify(seen.at(-1)));
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    name,
    port: (server.address() as AddressInfo).port,
    /** What arrived, health checks aside. */
    seen,
    async stop(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function describe({ method = '', url = '', headers }: IncomingMessage, body: string): Seen {
  return { method, path: url, headers, body };
}
