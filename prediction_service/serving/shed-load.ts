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
 * service that is asked for too much does nothing but refuse. It leaves no line in the log, only a count. What only reads,
 * health checks above all, is let through. The path does not matter: there are many ways to write one.
 */
export function shedLoad({ server }: FastifyInstance, load: Load): void {
  const [handle] = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const onlyReads = request.method === 'GET' || request.method === 'HEAD';
    if (onlyReads || load.take(request, response)) return void handle!(request, response);
    response.sendDate = false;
    response.writeHead(503, [...headers, 'x-request-id', serverOptions.genReqId(request)]).end(body);
  });
}
