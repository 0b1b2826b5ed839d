import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { detectCgroups } from './cgroups.ts';

const joiner = writeJoiner();
const detected = await detectCgroups(joiner.file, `ml-job-mesh-test-${process.pid}`);
joiner.remove();
const isEnforced = detected.describe('cpu').startsWith('enforced');

/** Stands in for `shim join GROUP`. */
function writeJoiner() {
  const folder = mkdtempSync(join(tmpdir(), 'cgroups-'));
  const file = join(folder, 'join.sh');
  writeFileSync(file, '#!/bin/sh\nshift\nfor group; do echo 0 > "$group/cgroup.procs" || exit 1; done\n', {
    mode: 0o755,
  });
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

test.skipIf(!isEnforced)(
  "a node's groups are gone after it, also where a container's group is still in use for a moment",
  async () => {
    const { folders } = detected.create('container', { cpuMillis: 500, cpuShares: 512 });
    const sleeper = spawn('sleep', ['100']);
    await once(sleeper, 'spawn');
    for (const folder of folders) writeFileSync(join(folder, 'cgroup.procs'), String(sleeper.pid));
    const removing = detected.removeAll();
    expect(folders.map((folder) => existsSync(folder))).toEqual(folders.map(() => true));
    sleeper.kill();
    await removing;
    expect(folders.map(dirname).filter((folder) => existsSync(folder))).toEqual([]);
  },
);
