// The command as users call it, with programs in the place of buildah and kind that write down what they are told.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectFolder } from '../../local_cluster/install/cache.ts';
import { images, kustomizationFile } from './images.ts';

let folder: string;
let kustomization: string;

beforeEach(() => {
  content = '';
  folder = mkdtempSync(path.join(os.tmpdir(), 'images-'));
  kustomization = path.join(folder, 'kustomization.yaml');
  cpSync(kustomizationFile, kustomization);
  mkdirSync(path.join(folder, 'bin'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts a shell script on the command's path; `$LOG` is where it writes. */
function addProgram(name: string, script: string): void {
  const file = path.join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/sh\nset -eu\necho "${name} $*" >> ${folder}/log\n${script}\n`);
  chmodSync(file, 0o755);
}

// The id of an image is the checksum of its name and of $CONTENT; its digest is that of where it goes.
const buildah = `
value() { while [ $# -gt 0 ]; do [ "$1" != "$option" ] || echo "$2"; shift; done; }
case $1 in
  build) option=--iidfile; id=$(value "$@"); option=--tag; echo sha256:$(echo "$(value "$@") \${CONTENT-}" | sha256sum | cut -c1-64) > $id;;
  push) option=--digestfile; file=$(value "$@"); [ -z "$file" ] || echo sha256:$(eval echo \\$$# | sha256sum | cut -c1-64) > $file;;
esac`;

/** What is in the images that are built from now on. */
let content = '';

async function run(...args: string[]) {
  const paths = { PATH: `${folder}/bin:/usr/bin:/bin`, XDG_CACHE_HOME: folder, INIT_CWD: folder };
  const command = spawn(process.execPath, [path.join(projectFolder, 'deployment/images.ts'), ...args], {
    env: { ...process.env, ...paths, CONTENT: content },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, complained] = await Promise.all([command.stdout, command.stderr].map((stream) => stream.toArray()));
  const exitCode = command.exitCode ?? (await new Promise((resolve) => command.once('exit', resolve)));
  return { exitCode, said: Buffer.concat(said!).toString(), complained: Buffer.concat(complained!).toString() };
}

const calls = () => readFileSync(path.join(folder, 'log'), 'utf8').trim().split('\n');

const repositoryOf = (name: string) => `registry.example:5000/mesh/${name}`;

test('all images are pushed, and then their digests are in the kustomization', async () => {
  addProgram('buildah', buildah);
  const { exitCode, said, complained } = await run(
    ...[
      '--builder',
      'buildah',
      '--push',
      'registry.example:5000/mesh',
      '--tag',
      'v1',
      '--kustomization',
      kustomization,
    ],
  );
  expect([exitCode, complained]).toEqual([0, '']);
  const digestOf = (name: string) =>
    `sha256:${createHash('sha256')
      .update(`docker://${repositoryOf(name)}:v1\n`)
      .digest('hex')}`;
  const expected = readFileSync(kustomizationFile, 'utf8').replaceAll(
    /newName: localhost\/ml-job-mesh\/(.*)\n( +)newTag: local/g,
    (_, name, indent) => `newName: ${repositoryOf(name)}\n${indent}digest: ${digestOf(name)}`,
  );
  expect(readFileSync(kustomization, 'utf8')).toBe(expected);
  for (const { name } of images) expect(said).toContain(`${repositoryOf(name)}@${digestOf(name)}`);
  // Nothing is pushed before everything is built.
  const verbs = calls().map((call) => call.split(' ')[1]);
  expect(verbs).toEqual(['version', ...images.map(() => 'build'), ...images.map(() => 'push')]);
});

test('a registry that takes some images and not others changes nothing in the kustomization', async () => {
  addProgram(
    'buildah',
    `${buildah}\ncase "$*" in push*web-tier*) echo 'error: denied: quota exceeded' >&2; exit 125;; esac`,
  );
  const before = readFileSync(kustomization, 'utf8');
  const args = ['--builder', 'buildah', '--push', 'registry.example:5000/mesh', '--kustomization', kustomization];
  const { exitCode, complained } = await run(...args);
  expect(exitCode).toBe(1);
  expect(complained).toMatch(
    /^\nnpm run images: web-tier to registry\.example:5000\/mesh: .* denied: quota exceeded\n$/,
  );
  expect(readFileSync(kustomization, 'utf8')).toBe(before);
});

test('an image that cannot be built keeps all of them from the registry', async () => {
  addProgram('buildah', `${buildah}\ncase "$*" in build*web-tier*) echo 'Error: no such base' >&2; exit 1;; esac`);
  const { exitCode, complained } = await run(
    '--builder',
    'buildah',
    '--push',
    'registry.example/mesh',
    '--kustomization',
    kustomization,
  );
  expect(exitCode).toBe(1);
  expect(complained).toMatch(/^\nnpm run images: web-tier: .*Error: no such base\n$/);
  expect(calls().filter((call) => call.startsWith('buildah push'))).toEqual([]);
});

test('images are loaded into a cluster, and the kustomization names each by its content, without a registry', async () => {
  addProgram('buildah', buildah);
  addProgram('kind', '');
  const args = ['web-ui', '--builder', 'buildah', '--push', 'registry.example/mesh', '--kustomization', kustomization];
  expect((await run(...args)).exitCode).toBe(0);
  const loading = ['web-ui', '--builder', 'buildah', '--load', 'kind', '--cluster', 'mesh'];
  for (const next of ['first', 'second']) {
    content = next;
    const { exitCode, said } = await run(...loading, '--kustomization', kustomization);
    expect(exitCode).toBe(0);
    // Named by its content: a cluster that has the one before is to notice that this is another.
    const name = 'localhost/ml-job-mesh/web-ui';
    const id = createHash('sha256').update(`${name}:local ${next}\n`).digest('hex');
    const tag = `local-${id.slice(0, 12)}`;
    const [tagged, saved, loaded] = calls().slice(-3);
    expect(tagged).toBe(`buildah tag sha256:${id} ${name}:${tag}`);
    expect(saved).toMatch(new RegExp(`^buildah push ${name}:${tag} docker-archive:/.*:${name}:${tag}$`));
    expect(loaded).toMatch(new RegExp(`^kind load image-archive /.*web-ui-${tag}\\.tar --name mesh$`));
    expect(said).toContain(`${name}:${tag}\n`);
    const before = readFileSync(kustomizationFile, 'utf8');
    expect(readFileSync(kustomization, 'utf8')).toBe(
      before.replace(`newName: ${name}\n    newTag: local\n`, `newName: ${name}\n    newTag: ${tag}\n`),
    );
  }
});

test('a kustomization is looked for where the user is, and before anything is built', async () => {
  addProgram('buildah', buildah);
  const pushing = ['web-ui', '--builder', 'buildah', '--push', 'registry.example/mesh', '--kustomization'];
  const { exitCode, complained } = await run(...pushing, 'mine.yaml');
  expect([exitCode, complained]).toEqual([
    1,
    `\nnpm run images: the kustomization for the images cannot be read: ENOENT: no such file or directory, open '${folder}/mine.yaml'\n`,
  ]);
  expect(existsSync(path.join(folder, 'log'))).toBe(false);
  expect((await run(...pushing, 'kustomization.yaml')).exitCode).toBe(0);
  expect(readFileSync(kustomization, 'utf8')).toContain('newName: registry.example/mesh/web-ui');
});

test('where the tool of a cluster is missing, nothing is built, and it is said where to get it', async () => {
  addProgram('buildah', buildah);
  const { exitCode, complained } = await run('--builder', 'buildah', '--load', 'minikube');
  expect([exitCode, complained]).toEqual([
    1,
    '\nnpm run images: images cannot be loaded into minikube: it is not installed; https://minikube.sigs.k8s.io/docs/start/ says how\n',
  ]);
});

test('a mistake on the command line is told with what it should be', async () => {
  const { exitCode, complained } = await run('sevices');
  expect(exitCode).toBe(2);
  expect(complained).toMatch(
    /^\nnpm run images: "sevices" is not an image; there are services, .*\n\nnpm run images -- /,
  );
});
