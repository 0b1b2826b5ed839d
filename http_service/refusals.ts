// What is refused before a route is asked: bytes that Node cannot read as a request, a path that cannot be decoded,
// and requests that two readers could take for different ones. All of it in the form of every other error.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { problem, type ServiceError } from './errors.ts';

/** The media type of every error. */
export const problemType = 'application/problem+json; charset=utf-8';

/**
 * Why a request is refused whatever it asks for; undefined for one that may go on.
 * @param raw as Node read it: of two Host headers its `headers` have the first alone
 */
export function refusalOf({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>) {
  if (countHosts(rawHeaders) > 1) return problem('invalid_request', 'the request has more than one Host header');
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    return problem('expectation_failed', 'the only expectation that this service meets is "Expect: 100-continue"');
  return undefined;
}

function countHosts(rawHeaders: string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

/** Sends to the routes what Node would otherwise refuse without a body, and answers CONNECT, which has no path. */
export function answerOddRequests(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.routing(request, response));
  app.server.on('connect', (_, socket) => {
    // Node hands the connection over without its own listener: a client that resets it would end the whole process.
    socket.on('error', () => socket.destroy());
    const refusal = problem('method_not_allowed', 'CONNECT is for proxies, and this is none');
    endWithProblem(socket, refusal, { allow: 'GET, HEAD, POST, DELETE' });
  });
}

/** Answers bytes that are no HTTP request, or not soon enough, and ends the connection. */
export function answerBrokenRequest(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  // Another answer is on its way already, and this one would be read as part of it.
  const { _httpMessage: running } = socket as { _httpMessage?: ServerResponse | null };
  if (running?.headersSent) return void socket.destroy();
  endWithProblem(socket, describeBrokenRequest(error, this.server));
}

function describeBrokenRequest({ code }: NodeJS.ErrnoException, server: Server): ServiceError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem(
      'request_timeout',
      `Headers have ${server.headersTimeout / 1_000} s, and the whole request ${server.requestTimeout / 1_000} s.`,
    );
  if (code === 'HPE_HEADER_OVERFLOW') return problem('headers_too_large', 'They are too many or too long.');
  return problem('invalid_request', 'It is not proper HTTP.');
}

function endWithProblem(socket: Duplex, error: ServiceError, headers: Record<string, string> = {}): void {
  const body = JSON.stringify(error.toProblem());
  const all = {
    ...headers,
    'content-type': problemType,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  if (!socket.writable) return void socket.destroy();
  socket.end(`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}
