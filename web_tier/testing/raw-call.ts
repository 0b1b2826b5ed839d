import { connect, type Socket } from 'node:net';

/** Sends bytes that no HTTP client would send; gives all that came back until the other side closed the connection. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = openRaw(port, bytes);
  let received = '';
  socket.on('data', (chunk) => (received += chunk));
  await new Promise((resolve) => socket.on('close', resolve));
  return received;
}

/** Opens a connection and sends the bytes of a string, one for each character. */
export function openRaw(port: number, bytes: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(Buffer.from(bytes, 'latin1'));
  return socket;
}

/** The status of each response in what was received. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));
}
