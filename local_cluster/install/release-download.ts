/** Downloads released archives, and takes programs out of those that are what their hashes say. */
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hashInputs, keep, keptFolder, requireRoom } from './cache.ts';
import type { ReleasedArchive } from './releases.ts';
import { runCommand } from './run-command.ts';
import type { StepContext, StepResult } from './step-runner.ts';

const answerWithinMs = 10_000;
/** A download that gives nothing for so long is given up. */
const silenceMs = 30_000;
const roomGigabytes = 2;
const keptAs = 'kubernetes-release';

/**
 * Finds or downloads the programs of a release. Gives the folder that holds each under its name, or undefined where the
 * archives cannot be downloaded; it then says why, and the programs have to be built.
 */
export async function installRelease(
  context: StepContext,
  archives: ReleasedArchive[],
): Promise<StepResult<string | undefined>> {
  try {
    const { folder, fresh } = await keep(
      keptAs,
      hashOf(archives),
      async (unfinished) => {
        requireRoom(roomGigabytes);
        for (const archive of archives) await takePrograms(context, archive, unfinished);
      },
      { signal: context.signal, onWait: () => context.say('another installation is downloading it; waiting') },
    );
    return { value: folder, done: fresh ? 'downloaded, and as its hash says' : undefined };
  } catch (error) {
    if (context.signal.aborted) throw error;
    return { value: undefined, done: `not downloaded, so it is built: ${(error as Error).message}` };
  }
}

/** Where the programs of a release are; undefined before they are downloaded. */
export function installedRelease(archives: ReleasedArchive[]): string | undefined {
  const folder = keptFolder(keptAs, hashOf(archives));
  return existsSync(folder) ? folder : undefined;
}

function hashOf(archives: ReleasedArchive[]): string {
  return hashInputs(archives.map(({ hash }) => hash.hex));
}

/** Downloads an archive into a folder, and leaves the programs there. */
async function takePrograms(context: StepContext, archive: ReleasedArchive, folder: string): Promise<void> {
  const { url, hash, programs } = archive;
  const file = path.join(folder, 'archive.tar.gz');
  const unpacked = path.join(folder, 'unpacked');
  const found = await download(context, url, file, hash.algorithm);
  if (found !== hash.hex)
    throw new Error(`${url} has another ${hash.algorithm} than is known here (${found.slice(0, 16)}…)`);
  context.say(`unpacking ${path.basename(url)}`);
  mkdirSync(unpacked);
  await runCommand('tar', ['-xzf', file, '-C', unpacked, ...programs], { signal: context.signal });
  for (const program of programs) renameSync(path.join(unpacked, program), path.join(folder, path.basename(program)));
  rmSync(unpacked, { recursive: true });
  rmSync(file);
}

/** Writes what an address gives into a file. Gives its hash. */
async function download(context: StepContext, url: string, file: string, algorithm: string): Promise<string> {
  const giveUp = new AbortController();
  let timer = setTimeout(() => giveUp.abort(new Error(`${url} does not answer`)), answerWithinMs);
  const hash = createHash(algorithm);
  let bytes = 0;
  try {
    const signal = AbortSignal.any([context.signal, giveUp.signal]);
    const answer = await fetch(url, { signal });
    if (!answer.ok || !answer.body) throw new Error(`${url} answers ${answer.status}`);
    const total = Number(answer.headers.get('content-length'));
    const watch = new Transform({
      transform(chunk: Buffer, _, done) {
        clearTimeout(timer);
        timer = setTimeout(() => giveUp.abort(new Error(`${url} has stopped in the middle`)), silenceMs);
        hash.update(chunk);
        bytes += chunk.length;
        context.say(`${path.basename(url)}: ${megabytes(bytes)}${total ? ` of ${megabytes(total)}` : ''} MB`);
        done(undefined, chunk);
      },
    });
    await pipeline(Readable.fromWeb(answer.body as never), watch, createWriteStream(file), { signal });
    return hash.digest('hex');
  } catch (error) {
    if (giveUp.signal.aborted) throw giveUp.signal.reason;
    const { cause } = error as { cause?: Error };
    throw cause ? new Error(`${url} cannot be reached: ${cause.message}`, { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
