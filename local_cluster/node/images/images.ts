// What this machine has for an image. There is no registry and nothing to unpack: an image is a program that is
// already here, with the folders that the image would have held.
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** One image of the images file. Paths inside are what a container would see; the others are this machine's. */
export interface ImageDescription {
  /** The program and its first arguments, as in a Dockerfile's ENTRYPOINT. */
  entrypoint?: string[];
  /** Arguments when the pod gives none, as in a Dockerfile's CMD. */
  cmd?: string[];
  /** A path inside the image. */
  workingDir?: string;
  /**
   * The image's environment. `{podAddress}`, `{dnsServers}` (address:port, comma separated), `{podFolder}` and
   * `{cacheFolder}` (of the node, kept) in a value stand for what they are in the pod.
   */
  env?: Record<string, string>;
  /** From paths inside the image to what stands for them on this machine. */
  paths?: Record<string, string>;
  /** The program asks the cluster's DNS by itself, and is to find names nowhere else. */
  asksDns?: boolean;
  /** What is run for a program's name at the beginning of a command, e.g. `envoy`. */
  programs?: Record<string, string[]>;
}

/** The images file: from an image's repository, without registry and tag, to what it is here. */
export type Images = Record<string, ImageDescription>;

export interface ImageSources {
  projectFolder: string;
  nodeBinary: string;
  envoyBinary: string;
  pythonBinary: string;
  /** The folder with the data sets. */
  dataFolder: string;
  /** The folder with the trained networks. */
  pretrainedFolder: string;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The images that the mesh's manifests name, made of what was installed on this machine. */
export function describeImages(sources: ImageSources): Images {
  const { projectFolder, nodeBinary, pythonBinary, dataFolder, pretrainedFolder } = sources;
  const node = { node: [nodeBinary] };
  const python = { python: [pythonBinary], python3: [pythonBinary] };
  const modelConfig = join(projectFolder, 'model_config');
  const service: ImageDescription = {
    entrypoint: ['node'],
    workingDir: '/app',
    // Compiled once for all pods and restarts: a service starts in half the time.
    env: { PATH: searchPath(nodeBinary), NODE_ENV: 'production', NODE_COMPILE_CACHE: '{cacheFolder}/node' },
    paths: { '/app': projectFolder },
    programs: node,
  };
  return {
    'ml-job-mesh/services': service,
    'ml-job-mesh/prediction-service': service,
    'ml-job-mesh/web-ui': service,
    'ml-job-mesh/web-tier': {
      ...describeEnvoy(sources),
      paths: { '/etc/envoy/web_tier_envoy.yaml': join(projectFolder, 'web_tier/web_tier_envoy.yaml') },
    },
    'envoyproxy/envoy': describeEnvoy(sources),
    'ml-job-mesh/model-config': {
      entrypoint: ['python'],
      cmd: ['classify.py'],
      workingDir: '/app',
      env: {
        PATH: searchPath(pythonBinary),
        PYTHONUNBUFFERED: '1',
        PYTHONDONTWRITEBYTECODE: '1',
        // As in model_config/Dockerfile: without them, the job looks beside itself.
        DATA_FOLDER: '/app/data',
        PRETRAINED_FOLDER: '/app/pretrained',
      },
      paths: { '/app': modelConfig, '/app/data': dataFolder, '/app/pretrained': pretrainedFolder },
      programs: python,
    },
    busybox: { cmd: ['sh'], env: { PATH: systemPath } },
  };
}

/** Envoy listens and resolves as its configuration says, so the entrypoint fits that to the pod first. */
function describeEnvoy({ nodeBinary, envoyBinary }: ImageSources): ImageDescription {
  const program = [
    nodeBinary,
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, 'envoy-entrypoint.ts'),
    envoyBinary,
  ];
  return {
    entrypoint: ['envoy'],
    cmd: ['-c', '/etc/envoy/envoy.yaml'],
    workingDir: '/',
    env: {
      PATH: searchPath(nodeBinary),
      POD_ADDRESS: '{podAddress}',
      POD_FOLDER: '{podFolder}',
      CLUSTER_DNS: '{dnsServers}',
    },
    asksDns: true,
    programs: { envoy: program, '/usr/local/bin/envoy': program },
  };
}

function searchPath(binary: string): string {
  return [dirname(binary), systemPath].join(delimiter);
}

/** The repository of an image's name: no registry, no tag, no digest; `library/` is what a bare name means. */
export function repositoryOf(image: string): string {
  const [named = ''] = image.split('@');
  const segments = named.split('/');
  const first = segments[0]!;
  if (segments.length > 1 && (/[.:]/.test(first) || first === 'localhost')) segments.shift();
  return segments
    .join('/')
    .replace(/:[^:/]*$/, '')
    .replace(/^library\//, '');
}

/** Reads the images file, anew each time: an image that is added there is found by the next try to pull it. */
export function findImage(imagesFile: string, image: string): ImageDescription | undefined {
  const images: Images = JSON.parse(readFileSync(imagesFile, 'utf8'));
  const repository = repositoryOf(image);
  return Object.hasOwn(images, repository) ? images[repository] : undefined;
}
