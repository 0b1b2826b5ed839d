// Server-sent events, as in the HTML standard, section 9.2.
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The media type of a stream of events. */
export const eventStreamType = 'text/event-stream; charset=utf-8';

/** What shows that a stream lives, and is no event. */
export const signOfLife = Buffer.from(': alive\n\n');

/** How often streams show a sign of life, in milliseconds. */
export const heartbeatMs = 15_000;

/** A reader that takes nothing for so many heartbeats is sent away. */
export const maxMissedHeartbeats = 4;

/** When a service stops, readers have so long to take what they were sent, in milliseconds. */
export const streamStopMs = 1_000;

/** Begins a stream; from here on the answer is the caller's, and no time-out of the server ends it. */
export function beginEventStream(request: FastifyRequest, reply: FastifyReply): ServerResponse {
  reply.hijack();
  request.raw.socket.setTimeout(0);
  reply.raw.writeHead(200, {
    'content-type': eventStreamType,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-request-id': request.id,
  });
  return reply.raw;
}

/**
 * One event, as it is sent. As bytes: after strings with other letters than ASCII's, Node may never again say that the
 * reader keeps up.
 * @param json the data, on one line
 */
export function eventBytes(name: string, json: string, id?: string): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${json}\n\n`);
}
