/**
 * Writes the images of the specs, and of the cluster tests, as an archive for a cluster of containers that reaches no
 * registry:
 *
 *     node local_cluster/conformance/write-images.ts FILE
 *
 * Nodes take it with `ctr -n k8s.io images import FILE`, kind with `kind load image-archive FILE`. busybox is this machine's,
 * which has to be linked statically (Debian's package busybox-static), agnhost is built from Kubernetes' module.
 */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withWorkFolder } from '../install/cache.ts';
import { installConformance } from '../install/install.ts';
import { runCommand } from '../install/run-command.ts';
import { findProgram } from './spec-images.ts';

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

interface SpecImage {
  file: string;
  /** As `conformance -list-images` has them, and as the cluster tests write them. */
  names: string[];
  config: { Cmd: string[]; Entrypoint?: string[]; Env: string[] };
  /** Fills the image's root. */
  fill: (root: string) => Promise<void>;
}

const [archive] = process.argv.slice(2);
if (archive === undefined) {
  console.error('node local_cluster/conformance/write-images.ts FILE');
  process.exitCode = 2;
} else {
  await writeImages(path.resolve(archive));
}

async function writeImages(file: string): Promise<void> {
  const agnhost = path.join(path.dirname(await installConformance()), 'agnhost');
  const busybox = findProgram('busybox');
  if (busybox === undefined) throw new Error('the images need busybox on the PATH: install busybox-static');
  await withWorkFolder(async (workFolder) => {
    const contents = path.join(workFolder, 'archive');
    mkdirSync(contents);
    const described = [describeBusybox(busybox), describeAgnhost(agnhost, busybox), describePause(agnhost)];
    const manifest: object[] = [];
    for (const image of described) manifest.push(await writeImage(image, path.join(workFolder, image.file), contents));
    writeFileSync(path.join(contents, 'manifest.json'), JSON.stringify(manifest));
    await runCommand('tar', ['-C', contents, '-cf', file, '.']);
  });
}

function describeBusybox(program: string): SpecImage {
  return {
    file: 'busybox',
    names: ['docker.io/library/busybox:latest', 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1'],
    config: { Cmd: ['sh'], Env: [`PATH=${searchPath}`] },
    fill: (root) => addBusybox(root, program),
  };
}

function describeAgnhost(program: string, busybox: string): SpecImage {
  return {
    file: 'agnhost',
    names: ['registry.k8s.io/e2e-test-images/agnhost:2.63.0'],
    config: { Entrypoint: ['/agnhost'], Cmd: ['pause'], Env: [`PATH=${searchPath}`] },
    async fill(root) {
      copyFileSync(program, path.join(root, 'agnhost'));
      await addBusybox(root, busybox);
    },
  };
}

/** It waits for SIGTERM, as pause does. */
function describePause(agnhost: string): SpecImage {
  return {
    file: 'pause',
    names: ['registry.k8s.io/pause:3.10.2'],
    config: { Entrypoint: ['/agnhost', 'pause'], Cmd: [], Env: [`PATH=${searchPath}`] },
    fill: async (root) => copyFileSync(agnhost, path.join(root, 'agnhost')),
  };
}

async function addBusybox(root: string, program: string): Promise<void> {
  for (const folder of ['bin', 'etc', 'root', 'tmp']) mkdirSync(path.join(root, folder));
  chmodSync(path.join(root, 'tmp'), 0o1777);
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n');
  copyFileSync(program, path.join(root, 'bin/busybox'));
  const applets = await runCommand(program, ['--list']);
  for (const applet of applets.trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', path.join(root, 'bin', applet));
  }
}

/** Gives its entry in the archive's list. */
async function writeImage({ file, names, config, fill }: SpecImage, root: string, contents: string): Promise<object> {
  mkdirSync(root);
  await fill(root);
  const layer = path.join(contents, `${file}.tar`);
  await runCommand('tar', ['--sort=name', '--owner=0', '--group=0', '--mtime=@0', '-C', root, '-cf', layer, '.']);
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
  const rootfs = { type: 'layers', diff_ids: [`sha256:${digest}`] };
  const description = { architecture: architectures[process.arch], os: 'linux', config, rootfs };
  writeFileSync(path.join(contents, `${file}.json`), JSON.stringify(description));
  return { Config: `${file}.json`, RepoTags: names, Layers: [`${file}.tar`] };
}
