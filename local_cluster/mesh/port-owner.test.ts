import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePort } from '@ml-job-mesh/cluster-client/testing/free-port.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { findProcesses } from '../supervisor/process-identity.ts';
import { describePortOwner, findListener } from './port-owner.ts';

const host = '127.0.0.1';

test('a mesh whose folder is gone ends by itself if its agents run; otherwise the user is told what to end', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'port-owner-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const gone = path.join(folder, 'gone');
  const port = await findFreePort(host);
  /** Runs a script under the arguments that tell what it stands for. */
  const start = async (script: string, code: string, ...args: string[]): Promise<ChildProcess> => {
    mkdirSync(path.dirname(path.join(folder, script)), { recursive: true });
    writeFileSync(path.join(folder, script), code);
    const child = spawn(process.execPath, [script, ...args], { cwd: folder, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await vi.waitFor(() => expect(findProcesses(([, first]) => first === script)).not.toEqual([]), { timeout: 10_000 });
    return child;
  };
  const shim = await start(
    'run',
    `require('node:net').createServer().listen(${port}, '${host}')`,
    `${gone}/node-1/pods/uid/host-ports/${host}:${port}/0`,
  );
  await vi.waitFor(() => expect(findListener(host, port)).toBe(shim.pid), { timeout: 20_000 });
  expect(describePortOwner(host, port)).toBe(
    `what is left of a mesh whose folder, ${gone}, was removed: end it with \`kill ${shim.pid}\`, or choose another port`,
  );
  await start('local_cluster/node/agent.ts', 'setInterval(() => undefined, 1000)', '--state', `${gone}/node-1`);
  expect(describePortOwner(host, port)).toContain('otherwise it stops by itself within a minute');
});
