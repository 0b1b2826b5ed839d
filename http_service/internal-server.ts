import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';

export interface InternalServerOptions {
  host: string;
  port: number;
  metrics: Metrics;
  /** True once the service has seen what it needs for the first time: the cluster, or its store. */
  isReady: () => boolean;
  /** What is told while it is not. */
  reason?: string | undefined;
}

/**
 * Serves what is not for clients: `GET /metrics`, and `GET /internal/ready` for the readiness probe. That probe does
 * not ask whether the Kubernetes API answers now: it would take every tier out of service at once whenever that is
 * away, and a client's 503 would no longer be ours.
 */
export async function startInternalServer(options: InternalServerOptions): Promise<Server> {
  const { host, port, metrics, isReady, reason = 'the cluster has not been seen yet' } = options;
  const server = createServer(async (request, response) => {
    if (request.url === '/metrics') {
      response.setHeader('content-type', metrics.registry.contentType).end(await metrics.registry.metrics());
    } else if (request.url === '/internal/ready') {
      response.writeHead(isReady() ? 200 : 503).end(isReady() ? 'ready\n' : `${reason}\n`);
    } else {
      response.writeHead(404).end();
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await promise;
  return server;
}
