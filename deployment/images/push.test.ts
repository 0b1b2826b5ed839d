// With a program in the place of Docker that shows the names that Docker would.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Builder } from './builders.ts';
import { pushImage } from './push.ts';

const digest = `sha256:${'0a'.repeat(32)}`;
const otherDigest = `sha256:${'0b'.repeat(32)}`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'push-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A docker that says that an image has these digests, and writes down what it is called with. */
function addDocker(repoDigests: string[]): Builder {
  const docker = path.join(folder, 'docker');
  const script = `echo "$*" >> ${folder}/log\n[ "$1" != image ] || echo '${JSON.stringify(repoDigests)}'`;
  writeFileSync(docker, `#!/bin/sh\nset -eu\n${script}\n`);
  chmodSync(docker, 0o755);
  return { tool: 'docker', command: [docker] };
}

test.each([
  ['docker.io/me/services:v1', 'me/services'],
  ['index.docker.io/me/services:v1', 'me/services'],
  ['docker.io/library/services:v1', 'services'],
  ['me.example:5000/mesh/services:v1', 'me.example:5000/mesh/services'],
])('docker is asked for the digest of what it has pushed as %s', async (destination, shown) => {
  const builder = addDocker([`other.example/me/services@${otherDigest}`, `${shown}@${digest}`]);
  expect(await pushImage(builder, 'sha256:1', destination)).toBe(digest);
  expect(readFileSync(path.join(folder, 'log'), 'utf8').trim().split('\n')).toEqual([
    `tag sha256:1 ${destination}`,
    `push ${destination}`,
    `image inspect --format {{json .RepoDigests}} ${destination}`,
  ]);
});

test('a digest of another registry is not taken for the one that was asked for', async () => {
  const builder = addDocker([`other.example/me/services@${otherDigest}`]);
  await expect(pushImage(builder, 'sha256:1', 'docker.io/me/services:v1')).rejects.toThrow(
    'docker gave no digest for docker.io/me/services:v1: ""',
  );
});
