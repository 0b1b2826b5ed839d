/** What the images of Kubernetes' end-to-end specs are on this machine. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { ImageDescription, Images } from '../node/images/images.ts';

/**
 * Describes the images.
 * @param agnhost the program of that name
 * @param find gives where a program is on this machine
 * @throws Error when there is no shell that understands what busybox's does
 */
export function describeSpecImages(agnhost: string, find: (name: string) => string | undefined): Images {
  return {
    'e2e-test-images/busybox': describeBusybox(find),
    'e2e-test-images/agnhost': { entrypoint: [agnhost], cmd: ['pause'], env: describePath() },
    // It waits for SIGTERM, as `agnhost pause` does.
    pause: { entrypoint: [agnhost, 'pause'], env: describePath() },
  };
}

/** Finds a program on the PATH. */
export function findProgram(name: string): string | undefined {
  const candidates = (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, name));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Scripts for busybox use `[[ … ]]`, `$RANDOM` and `trap … SIGTERM`, which a plain POSIX shell does not have. */
function describeBusybox(find: (name: string) => string | undefined): ImageDescription {
  const busybox = find('busybox');
  const bash = find('bash');
  const shell = busybox ? [busybox, 'sh'] : bash ? [bash] : undefined;
  if (!shell) throw new Error('the specs need busybox or bash on the PATH: install one of them');
  return { cmd: ['sh'], env: describePath(), programs: { sh: shell, '/bin/sh': shell } };
}

function describePath(): Record<string, string> {
  return { PATH: process.env.PATH ?? '' };
}
