import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Question } from 'dns-packet';
import { answerMessage } from './message.ts';
import type { Reply } from './zone.ts';

export interface DnsServerOptions {
  /** The address to listen on. */
  host: string;
  /** For UDP and TCP alike; 0 takes any that is free for both. */
  port: number;
  answerQuestion: (question: Question) => Reply;
}

const idleTimeoutMs = 10_000;
const maxConnections = 256;

/**
 * Serves DNS over UDP and TCP.
 * @throws Error when the port is taken
 */
export async function startDnsServer({ host, port, answerQuestion }: DnsServerOptions) {
  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(socket, answerQuestion);
  });
  tcp.maxConnections = maxConnections;
  tcp.listen(port, host);
  await once(tcp, 'listening');
  const bound = (tcp.address() as { port: number }).port;

  const udp = createSocket('udp4');
  udp.on('message', (message, { address, port }) => {
    const reply = answerMessage(message, 'udp', answerQuestion);
    if (reply) udp.send(reply, port, address, ignoreFault);
  });
  udp.bind(bound, host);
  try {
    await once(udp, 'listening');
  } catch (fault) {
    tcp.close();
    throw fault;
  }
  // From here on a fault belongs to one message, and whoever asked will ask again.
  udp.on('error', ignoreFault);

  return {
    port: bound,
    async close(): Promise<void> {
      for (const socket of connections) socket.destroy();
      const closed = Promise.all([once(tcp, 'close'), once(udp, 'close')]);
      tcp.close();
      udp.close();
      await closed;
    },
  };
}

/** RFC 7766: any number of messages on one connection, each after its length in two bytes. */
function serveConnection(socket: Socket, answerQuestion: DnsServerOptions['answerQuestion']): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setTimeout(idleTimeoutMs, () => socket.destroy());
  socket.on('error', ignoreFault);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const reply = answerMessage(received.subarray(2, end), 'tcp', answerQuestion);
      if (!reply) return socket.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
      received = received.subarray(end);
    }
  });
}

function ignoreFault(): void {}
