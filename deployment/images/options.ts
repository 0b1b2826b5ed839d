/** What `npm run images` understands on its command line. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';
import { type Tool, tools } from './builders.ts';
import { type Image, images, kustomizationFile } from './images.ts';
import { type ClusterKind, clusterKinds } from './load.ts';

/** What to do, and with which images. */
export interface ImagesOptions {
  images: Image[];
  /** The registry, with a path where it wants one, that they are pushed to. */
  push?: string | undefined;
  tag: string;
  plainHttp: boolean;
  /** The kustomization that is told which images are to run. */
  kustomization: string;
  load?: ClusterKind | undefined;
  cluster?: string | undefined;
  /** An address, or `pypi`. */
  torchIndex?: string | undefined;
  builder?: Tool | undefined;
}

export const imagesUsage = `npm run images -- [IMAGE…] [OPTIONS]: builds the mesh's images, all of them unless some are named

  ${images.map(({ name }) => name).join(', ')}

  --push REGISTRY        push them to REGISTRY/IMAGE, e.g. ghcr.io/me/ml-job-mesh, and write their digests where kustomize finds them
  --tag TAG              the tag that pushed images get as well (latest)
  --plain-http           the registry has no TLS (docker: see "insecure-registries" in its daemon's settings)
  --kustomization FILE   where the digests go (${path.relative(process.cwd(), kustomizationFile)})
  --load kind|minikube   load them into a cluster on this machine
  --cluster NAME         which one, where it has a name of its own
  --torch-index URL      where pip finds PyTorch without CUDA (PyTorch's own index); \`pypi\` for the build with CUDA, 5 GB more
  --builder NAME         ${tools.join(', ')}: the first that works, in this order
  --help                 show this

A registry wants you to be logged in with the program that builds, e.g. \`docker login ghcr.io\`.
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/**
 * Reads a command line; undefined where help is asked for.
 * @throws UsageError that says what is wrong with it
 */
export function parseImagesOptions(args: string[]): ImagesOptions | undefined {
  const { values, positionals } = parse(args);
  const { help, push, load, cluster, tag = 'latest', 'torch-index': torchIndex, 'plain-http': plainHttp } = values;
  if (help) return undefined;
  if (push !== undefined && load !== undefined)
    throw new UsageError('--push and --load exclude each other: manifests name images of a registry, or loaded ones');
  requireWith('--tag', values.tag, push, '--push REGISTRY');
  requireWith('--plain-http', plainHttp, push, '--push REGISTRY');
  requireWith('--kustomization', values.kustomization, push ?? load, '--push REGISTRY or --load');
  requireWith('--cluster', cluster, load, '--load');
  return {
    images: chooseImages(positionals),
    push: push === undefined ? undefined : checkRegistry(push),
    tag: checkTag(tag),
    plainHttp,
    // npm runs its scripts in the project's folder, and says where the user is.
    kustomization: path.resolve(process.env.INIT_CWD ?? '', values.kustomization ?? kustomizationFile),
    load: load === undefined ? undefined : oneOf(clusterKinds, load, '--load'),
    cluster,
    torchIndex: torchIndex === undefined ? undefined : checkIndex(torchIndex),
    builder: values.builder === undefined ? undefined : oneOf(tools, values.builder, '--builder'),
  };
}

function parse(args: string[]) {
  const options = {
    ...{ push: text, tag: text, kustomization: text, load: text, cluster: text, 'torch-index': text, builder: text },
    ...{ 'plain-http': flag, help: { ...flag, short: 'h' } },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0], { cause: error });
  }
}

function requireWith(option: string, given: unknown, other: unknown, name: string): void {
  if (given && other === undefined) throw new UsageError(`${option} goes with ${name}`);
}

function chooseImages(names: string[]): Image[] {
  const known = images.map(({ name }) => name);
  for (const name of names) oneOf(known, name, 'an image');
  return names.length === 0 ? images : images.filter(({ name }) => names.includes(name));
}

function oneOf<T extends string>(known: readonly T[], value: string, what: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined)
    throw new UsageError(
      `"${value}" is not ${what === 'an image' ? what : `a value for ${what}`}; there are ${known.join(', ')}`,
    );
  return found;
}

// What Docker takes for a registry's name, and for a repository's. Source: distribution/reference, docs/spec.
const registryPattern =
  /^(localhost|[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:)|\[[0-9a-f:]+\])(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;

function checkRegistry(value: string): string {
  if (registryPattern.test(value)) return value;
  const hint = /^https?:/.test(value)
    ? 'without http:// or https://'
    : 'in lower case, e.g. ghcr.io/me/ml-job-mesh or localhost:5000';
  throw new UsageError(`"${value}" is no registry: name its host and, where it wants one, a path, ${hint}`);
}

function checkTag(value: string): string {
  if (/^\w[\w.-]{0,127}$/.test(value)) return value;
  throw new UsageError(`"${value}" is no tag: letters, digits, ".", "_" and "-", 128 at most`);
}

function checkIndex(value: string): string {
  if (value === 'pypi' || (URL.canParse(value) && /^(https?|file):/.test(value))) return value;
  throw new UsageError(`"${value}" is neither the address of a package index nor pypi`);
}
