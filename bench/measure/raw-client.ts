// An HTTP client that costs whoever measures as little as can be, so that one core can offer a service more than another one
// can answer: requests are bytes that were made before, and of an answer only status and length are read.
import { connect, type Socket } from 'node:net';

export type RawClient = ReturnType<typeof createRawClient>;

interface Connection {
  socket: Socket;
  /** What has come of the answer so far. */
  received: Buffer[];
  waiting?: PromiseWithResolvers<number> | undefined;
  sentAt: number;
}

const checkMs = 100;

/**
 * A client that opens connections to an address as it needs them, and uses them again; when all of them are in use, requests
 * wait in line for one.
 * @param timeoutMs how long an answer may take, to a tenth of a second; the connection is closed then
 */
export function createRawClient(url: string, { timeoutMs, connections }: { timeoutMs: number; connections: number }) {
  const { hostname, port } = new URL(url);
  const all = new Set<Connection>();
  const idle: Connection[] = [];
  let line: { bytes: Buffer; waiting: PromiseWithResolvers<number> }[] = [];

  function open(): Connection {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection: Connection = { socket, received: [], sentAt: 0 };
    all.add(connection);
    const fail = (message: string) => {
      all.delete(connection);
      const place = idle.indexOf(connection);
      if (place >= 0) idle.splice(place, 1);
      connection.waiting?.reject(new Error(message));
      connection.waiting = undefined;
      sendNext();
    };
    socket.on('error', (error) => fail((error as NodeJS.ErrnoException).code ?? error.message));
    socket.on('close', () => fail('the connection was closed'));
    socket.on('data', (data: Buffer) => {
      connection.received.push(data);
      let answer: Answer | undefined;
      try {
        answer = readAnswer(connection.received);
      } catch (error) {
        socket.destroy(error as Error);
      }
      if (answer === undefined) return;
      connection.received = [];
      connection.waiting?.resolve(answer.status);
      connection.waiting = undefined;
      if (answer.isLast) return void socket.destroy();
      idle.push(connection);
      sendNext();
    });
    return connection;
  }

  function sendNext(): void {
    if (line.length === 0 || (idle.length === 0 && all.size >= connections)) return;
    const { bytes, waiting } = line.shift()!;
    const connection = idle.pop() ?? open();
    connection.waiting = waiting;
    connection.sentAt = performance.now();
    connection.socket.write(bytes);
  }

  const timer = setInterval(() => {
    const now = performance.now();
    for (const { waiting, sentAt, socket } of all)
      if (waiting && now - sentAt > timeoutMs) socket.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`));
  }, checkMs);

  return {
    /**
     * Sends a whole request, as bytes.
     * @returns the status of its answer, once all of that has come; rejects when the connection breaks or time is up
     */
    request(bytes: Buffer): Promise<number> {
      const waiting = Promise.withResolvers<number>();
      line.push({ bytes, waiting });
      sendNext();
      return waiting.promise;
    },
    close(): void {
      clearInterval(timer);
      line = [];
      for (const { socket } of all) socket.destroy();
    },
  };
}

interface Answer {
  status: number;
  /** Whether the server closes the connection after it. */
  isLast: boolean;
}

/**
 * Reads an answer, which says its length; undefined while not all of it is there.
 * @throws Error when it does not
 */
export function readAnswer(received: readonly Buffer[]): Answer | undefined {
  const bytes = received.length === 1 ? received[0]! : Buffer.concat(received);
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error('the answer does not say how long it is');
  if (bytes.length < headEnd + 4 + Number(length)) return undefined;
  return { status: Number(head.slice(9, 12)), isLast: /\r\nconnection: *close/i.test(head) };
}

/** The bytes of a POST. */
export function rawPost(url: string, path: string, headers: Record<string, string>, body: Buffer): Buffer {
  const all = { host: new URL(url).host, ...headers, 'content-length': String(body.length) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}
