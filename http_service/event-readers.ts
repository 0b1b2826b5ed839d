// Many readers of the same events. Each event is written once for all of them, and a reader that falls behind costs no
// memory: what it misses is not kept for it; once it has caught up, it is sent the present state instead.
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from './errors.ts';
import {
  beginEventStream,
  eventStreamType,
  maxMissedHeartbeats,
  signOfLife,
  streamStopMs,
  heartbeatMs as usualHeartbeatMs,
} from './event-stream.ts';
import { endWithin } from './slow-readers.ts';

export interface EventReadersOptions {
  /** The present state as one or more events, for one client; it begins every stream. */
  snapshotFor: (client: string) => Buffer;
  heartbeatMs?: number | undefined;
  /** How many may read at a time. */
  most?: number | undefined;
  /** How many of them may be one client's; only asked where clients are told apart. */
  mostPerClient?: number | undefined;
}

interface Reader {
  response: ServerResponse;
  client: string;
  /** Whether it has missed events since it last kept up. */
  isBehind: boolean;
  missedHeartbeats: number;
}

export type EventReaders = ReturnType<typeof createEventReaders>;

const retryAfterSeconds = 5;

/** Starts with no readers. */
export function createEventReaders(options: EventReadersOptions) {
  const { snapshotFor, heartbeatMs = usualHeartbeatMs, most = 1_000, mostPerClient = 100 } = options;
  const readers = new Set<Reader>();
  let isClosed = false;

  function requireRoom(client: string): void {
    if (readers.size >= most)
      throw problem('too_many_streams', `${most} clients read these events already`, { retryAfterSeconds });
    if (client === '') return;
    const own = [...readers].filter((reader) => reader.client === client).length;
    if (own >= mostPerClient)
      throw problem('too_many_streams', `this client has ${own} of these streams open already`, { retryAfterSeconds });
  }

  function write(reader: Reader, bytes: Buffer): void {
    const { response } = reader;
    if (response.writableEnded || response.destroyed) return;
    if (response.writableNeedDrain) reader.isBehind = true;
    else response.write(bytes);
  }

  function catchUp(reader: Reader): void {
    if (!reader.isBehind) return;
    reader.isBehind = false;
    write(reader, snapshotFor(reader.client));
  }

  function beat(reader: Reader): void {
    const { response } = reader;
    reader.missedHeartbeats = response.writableNeedDrain ? reader.missedHeartbeats + 1 : 0;
    if (reader.missedHeartbeats > maxMissedHeartbeats) response.destroy();
    else if (reader.missedHeartbeats === 0) write(reader, signOfLife);
  }

  const heartbeat = setInterval(() => readers.forEach(beat), heartbeatMs);

  return {
    /**
     * Answers a request with the present state and what follows, until the reader goes or the service stops.
     * @param client the name of the client; empty where clients are not told apart
     * @throws ServiceError 429 when there are too many readers
     */
    open(request: FastifyRequest, reply: FastifyReply, client: string): FastifyReply {
      // Its close has been announced already, so nobody would hear of it.
      if (reply.raw.destroyed) return reply.hijack();
      requireRoom(client);
      if (request.method === 'HEAD') return reply.type(eventStreamType).send();
      const snapshot = snapshotFor(client);
      const response = beginEventStream(request, reply);
      if (isClosed) {
        response.end();
        return reply;
      }
      const reader: Reader = { response, client, isBehind: false, missedHeartbeats: 0 };
      readers.add(reader);
      response.once('close', () => readers.delete(reader));
      response.on('drain', () => catchUp(reader));
      write(reader, snapshot);
      return reply;
    },

    /** Sends events to everybody, or to those that a client's name lets them. */
    send(bytes: Buffer, isFor: (client: string) => boolean = () => true): void {
      for (const reader of readers) if (isFor(reader.client)) write(reader, bytes);
    },

    /** Sends everybody the present state. */
    sendSnapshots(): void {
      for (const reader of readers) write(reader, snapshotFor(reader.client));
    },

    /** The names of the clients that read. */
    clients: (): Set<string> => new Set([...readers].map(({ client }) => client)),

    /** How many read. */
    size: () => readers.size,

    /** Ends every stream, and those that begin from now on. */
    close(): void {
      isClosed = true;
      clearInterval(heartbeat);
      for (const { response } of readers) endWithin(response, streamStopMs);
    },
  };
}
