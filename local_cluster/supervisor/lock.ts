/**
 * A lock that cannot be left behind: a listening socket in Linux' abstract namespace, which the kernel closes
 * with the process that holds it, however that process ends.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A held lock; `release` gives it back, and so does the end of the process. */
export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock on a folder (which must exist), or gives undefined while another process holds it. */
export function tryLock(folder: string): Promise<Lock | undefined> {
  const key = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32);
  const server = net.createServer((connection) => connection.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(`\0ml-job-mesh/${key}`, () => {
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/** Waits until the lock on a folder is free and takes it; `onWait` is called once if another process holds it. */
export async function waitForLock(folder: string, onWait: () => void): Promise<Lock> {
  let told = false;
  for (;;) {
    const lock = await tryLock(folder);
    if (lock) return lock;
    if (!told) onWait();
    told = true;
    await sleep(500);
  }
}
