import { problem, problemType, serverOptions } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import type { Load } from './load.ts';

/** Made once: to make an error costs more than to send it. */
const body = Buffer.from(
  JSON.stringify(problem('overloaded', 'too many calls are being answered; this one was not read').toProblem()),
);
const headers = ['content-type', problemType, 'content-length', String(body.length), 'retry-after', '1'];

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
    if (!isPrediction || load.take(request, response)) return void handle!(request, response);
    response.sendDate = false;
    response.writeHead(503, [...headers, 'x-request-id', serverOptions.genReqId(request)]).end(body);
  });
}
