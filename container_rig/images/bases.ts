/**
 * Images that stand in for the official ones, because no registry of images is reached where the rig runs: Debian's packages,
 * with the binaries that package registries carry, under the names that the Dockerfiles ask for.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Builder, runBuilder } from '../../deployment/images/builders.ts';
import { hashInputs, projectFolder, withWorkFolder } from '../../local_cluster/install/cache.ts';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import type { StepContext, StepResult } from '../../local_cluster/install/step-runner.ts';

/** The stand-ins, by the official images' names. */
export const bases = {
  node: 'docker.io/library/node:26.10.0-slim',
  envoy: 'docker.io/envoyproxy/envoy:v1.40.0',
  python: 'docker.io/library/python:3.13-slim',
} as const;

const debian = 'localhost/ml-job-mesh/debian:rig';
/** Python 3.13 is this release's. */
const suite = 'trixie';
/** As in the official slim images; no translations, and no waiting for the disk at each package. */
const debianOptions = [
  ...['--variant=minbase', '--mode=root', '--include=libatomic1'],
  ...['--aptopt=Acquire::Languages "none"', '--dpkgopt=force-unsafe-io'],
  ...['man', 'locale', 'doc'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
  '--dpkgopt=path-include=/usr/share/doc/*/copyright',
];
const npmVersion = '11.21.2';
/** Says what an image was made of. */
const label = 'ml-job-mesh.made-of';

const dockerfiles = path.join(import.meta.dirname, 'bases');

/** What a stand-in is made of, besides its Dockerfile. */
interface Ingredients {
  /** What decides whether it has to be made again. */
  inputs: string[];
  /** Puts the files that its Dockerfile copies into the folder. */
  prepare: (folder: string, context: StepContext) => Promise<void>;
}

/** Makes the Debian that the stand-ins begin with, unless it is there. */
export function prepareDebian(context: StepContext, builder: Builder): Promise<StepResult<undefined>> {
  return prepare(context, builder, 'debian', debian, {
    inputs: [suite, ...debianOptions],
    prepare: async (folder) => {
      await runCommand('mmdebstrap', [...debianOptions, suite, path.join(folder, 'debian.tar')], quiet(context));
    },
  });
}

/**
 * Makes a stand-in, unless it is there; Debian has to be.
 * @param envoy Envoy's program, for its image
 */
export function prepareBase(
  context: StepContext,
  builder: Builder,
  name: keyof typeof bases,
  envoy?: string,
): Promise<StepResult<undefined>> {
  const ingredients: Record<keyof typeof bases, Ingredients> = {
    python: { inputs: [suite, ...debianOptions], prepare: async () => undefined },
    node: { inputs: [suite, ...debianOptions, process.version, npmVersion], prepare: prepareNode },
    envoy: {
      inputs: [suite, ...debianOptions, path.basename(path.resolve(envoy ?? '', '../..'))],
      prepare: async (folder) => cpSync(envoy!, path.join(folder, 'envoy')),
    },
  };
  return prepare(context, builder, name, bases[name], ingredients[name]);
}

/** Node is the one that runs this. */
async function prepareNode(folder: string, context: StepContext): Promise<void> {
  cpSync(process.execPath, path.join(folder, 'node'), { dereference: true });
  const npm = path.join(folder, 'npm');
  mkdirSync(npm);
  await runCommand('npm', ['pack', '--silent', '--pack-destination', folder, `npm@${npmVersion}`], {
    ...quiet(context),
    cwd: projectFolder,
  });
  const archive = path.join(folder, `npm-${npmVersion}.tgz`);
  await runCommand('tar', ['-xzf', archive, '-C', npm, '--strip-components=1'], quiet(context));
}

async function prepare(
  context: StepContext,
  builder: Builder,
  name: string,
  tag: string,
  { inputs, prepare }: Ingredients,
): Promise<StepResult<undefined>> {
  const source = path.join(dockerfiles, name);
  const files = readdirSync(source).map((file) => ({ file, content: readFileSync(path.join(source, file)) }));
  const hash = hashInputs([...files, ...inputs]);
  if ((await readLabel(builder, tag)) === hash) return { value: undefined };
  await withWorkFolder(async (folder) => {
    cpSync(source, folder, { recursive: true });
    await prepare(folder, context);
    // Without the mounts of other builds: Debian's packages write to the places where those are.
    const args = [
      'build',
      '--isolation',
      'chroot',
      '--build-arg',
      `DEBIAN_IMAGE=${debian}`,
      '--label',
      `${label}=${hash}`,
    ];
    await runBuilder(builder, [...args, '--tag', tag, folder], quiet(context));
  });
  return { value: undefined, done: 'made, a stand-in for the official image' };
}

async function readLabel(builder: Builder, tag: string): Promise<string | undefined> {
  const format = `{{index .OCIv1.Config.Labels "${label}"}}`;
  return runBuilder(builder, ['inspect', '--type', 'image', '--format', format, tag]).then(
    (text) => text.trim(),
    () => undefined,
  );
}

function quiet({ say, signal }: StepContext) {
  return { onLine: say, signal, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
}
