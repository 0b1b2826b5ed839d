import { once } from 'node:events';
import net from 'node:net';
import { findFreePort } from '@ml-job-mesh/cluster-client/testing/free-port.ts';
import { expect, onTestFinished, test } from 'vitest';
import { PortTakenError, requireFreePorts } from './host-ports.ts';

test('ports that are free are fine', async () => {
  const port = await findFreePort();
  await expect(requireFreePorts('127.0.0.1', { port }, '/nowhere')).resolves.toBeUndefined();
});

test('a port that is taken is an error that names it, whose it is, and how to choose another', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const asking = requireFreePorts('127.0.0.1', { 'grader-port': port }, '/nowhere');
  await expect(asking).rejects.toThrow(PortTakenError);
  await expect(asking).rejects.toThrow(
    new RegExp(
      `^port ${port} on 127\\.0\\.0\\.1 is taken by \`\\S+.*\` \\(process ${process.pid}, in ${process.cwd()}\\): end it, or .*npm start -- --grader-port \\d+`,
    ),
  );
});

test('an address that this machine has not got is an error of its own', async () => {
  await expect(requireFreePorts('192.0.2.1', { port: 8080 }, '/nowhere')).rejects.toThrow(
    '192.0.2.1 is not an address of this machine: choose another with --host',
  );
});
