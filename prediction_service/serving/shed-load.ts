import { problem, problemType, serverOptions } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import type { Load } from './load.ts';

const retryAfterSeconds = '1';

/**
 * Answers 503 to predictions that are too many, ahead of the framework: refusing has to cost far less than answering, or a
 * service that is asked for too much does nothing but refuse. It leaves no line in the log, only a count. Everything else,
 * health checks above all, is let through.
 */
export function shedLoad({ server }: FastifyInstance, load: Load): void {
  const [handle] = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const isPrediction = request.method === 'POST' && request.url?.startsWith('/predict');
    const refusal = isPrediction ? load.take(request, response) : undefined;
    if (refusal === undefined) return void handle!(request, response);
    const body = Buffer.from(JSON.stringify(problem('overloaded', refusal).toProblem()));
    const headers = {
      'content-type': problemType,
      'content-length': body.length,
      'retry-after': retryAfterSeconds,
      'x-request-id': serverOptions.genReqId(request),
    };
    response.writeHead(503, headers).end(body);
  });
}
