/**
 * A lock that cannot be left behind: a listening socket in Linux' abstract namespace, which the kernel closes
 * with the process that holds it, however that process ends.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A held lock; `release` gives it back, and so does the end of the process. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock on a path, or gives undefined while another process holds it.
 * The path need not exist, but the folder that it is in must.
 */
export function tryLock(lockedPath: string): Promise<Lock | undefined> {
  const place = path.join(realpathSync(path.dirname(lockedPath)), path.basename(lockedPath));
  const key = createHash('sha256').update(place).digest('hex').slice(0, 32);
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

/**
 * Waits until the lock on a path is free and takes it.
 * @param wait `onWait` is called once if another process holds the lock; `signal` ends the wait
 * @throws the signal's reason if it is aborted first
 */
export async function waitForLock(
  lockedPath: string,
  { onWait, signal }: { onWait?: () => void; signal?: AbortSignal },
): Promise<Lock> {
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    const lock = await tryLock(lockedPath);
    if (lock) return lock;
    if (!told) onWait?.();
    told = true;
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
}
