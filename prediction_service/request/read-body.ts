// Bodies are read here instead of by Fastify, so that what has come of them is counted, and slow senders are sent away.
import type { IncomingMessage } from 'node:http';
import { problem } from '@ml-job-mesh/http-service';
import { errorCodes } from 'fastify';
import { limits } from '../limits.ts';
import type { Load } from '../serving/load.ts';

const { bodyBytes, slowestUpload } = limits;
const rateCheckMs = 1_000;

/**
 * Reads a body, whatever it is labelled as.
 * @throws ServiceError 408 when it comes too slowly, 503 when there is no room for it; Fastify's error when it is too long
 */
export function readBody(request: IncomingMessage, load: Pick<Load, 'receive'>): Promise<Buffer> {
  if (Number(request.headers['content-length']) > bodyBytes) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let received = 0;
  const stopWatching = watchRate(() => received, refuse);

  function take(chunk: Buffer): void {
    received += chunk.length;
    if (received > bodyBytes) refuse(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    else if (!load.receive(request, chunk.length)) refuse(noRoom());
    else chunks.push(chunk);
  }
  function finish(): void {
    stop();
    resolve(Buffer.concat(chunks, received));
  }
  /** Fastify answers and closes the connection; what still comes until then is dropped. */
  function refuse(error: Error): void {
    stop();
    reject(error);
  }
  function breakOff(cause: Error): void {
    refuse(problem('invalid_request', 'the connection ended before the body did', { cause }));
  }
  function stop(): void {
    stopWatching();
    request.off('data', take).off('end', finish);
  }
  request.on('data', take).on('end', finish).on('error', breakOff);
  return promise;
}

function noRoom() {
  return problem('overloaded', 'the bodies of all calls together are too large at present', { retryAfterSeconds: 1 });
}

/** Looks again and again whether a body comes fast enough on average, after a time in which it may be slow. */
function watchRate(received: () => number, refuse: (error: Error) => void): () => void {
  const { bytesPerSecond, afterMs } = slowestUpload;
  const start = performance.now();
  let isOver = false;
  let timer = setTimeout(look, afterMs);
  function look(): void {
    // What came while this thread was busy is read first.
    setImmediate(() => {
      if (isOver) return;
      const seconds = (performance.now() - start) / 1_000;
      if (received() >= bytesPerSecond * seconds) timer = setTimeout(look, rateCheckMs);
      else refuse(tooSlow());
    });
  }
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

function tooSlow() {
  const { bytesPerSecond, afterMs } = slowestUpload;
  const rate = `${bytesPerSecond / 1_024} KiB/s`;
  return problem(
    'request_timeout',
    `the body came slower than ${rate}, which it has to reach after ${afterMs / 1_000} s; send a smaller image`,
  );
}
