import { expect, test } from 'vitest';
import { UsageError } from '../options.ts';
import { images, kustomizationFile } from './images.ts';
import { parseImagesOptions } from './options.ts';

const nothingSaid = { tag: 'latest', plainHttp: false, kustomization: kustomizationFile };

test('without arguments all images are built, and go nowhere', () => {
  expect(parseImagesOptions([])).toEqual({ ...nothingSaid, images });
});

test('named images are pushed to a registry, with a tag, by a builder of the user’s choice', () => {
  const args = [
    'web-ui',
    'services',
    '--push',
    '10.89.0.1:5001/mesh',
    '--tag',
    'v1',
    '--plain-http',
    '--builder',
    'podman',
  ];
  expect(parseImagesOptions(args)).toEqual({
    ...{ tag: 'v1', plainHttp: true, kustomization: kustomizationFile, push: '10.89.0.1:5001/mesh', builder: 'podman' },
    images: images.filter(({ name }) => name === 'services' || name === 'web-ui'),
  });
});

test('images are loaded into a cluster of a name', () => {
  expect(parseImagesOptions(['--load', 'kind', '--cluster', 'mesh', '--torch-index', 'pypi'])).toEqual({
    ...{ ...nothingSaid, images, load: 'kind', cluster: 'mesh', torchIndex: 'pypi' },
  });
});

test('help is not looked at for mistakes', () => {
  expect(parseImagesOptions(['--help', 'sevices'])).toBeUndefined();
});

test.each([
  'ghcr.io/me/ml-job-mesh',
  'localhost:5000',
  'registry:5000',
  '012345678901.dkr.ecr.us-east-1.amazonaws.com/mesh',
  'docker.io/me',
])('%s is taken for a registry', (registry) => {
  expect(parseImagesOptions(['--push', registry])).toMatchObject({ push: registry });
});

const registryHint = 'name its host and, where it wants one, a path';

test.each([
  [['sevices'], '"sevices" is not an image; there are services, prediction-service, web-ui, web-tier, model-config'],
  [['--push'], "Option '--push <value>' argument missing"],
  [['--pull'], "Unknown option '--pull'"],
  [
    ['--push', 'https://ghcr.io/me'],
    `"https://ghcr.io/me" is no registry: ${registryHint}, without http:// or https://`,
  ],
  [
    ['--push', 'me'],
    `"me" is no registry: ${registryHint}, in lower case, e.g. ghcr.io/me/ml-job-mesh or localhost:5000`,
  ],
  [
    ['--push', 'ghcr.io/Me'],
    `"ghcr.io/Me" is no registry: ${registryHint}, in lower case, e.g. ghcr.io/me/ml-job-mesh or localhost:5000`,
  ],
  [['--push', 'ghcr.io/me', '--tag', 'a b'], '"a b" is no tag: letters, digits, ".", "_" and "-", 128 at most'],
  [
    ['--push', 'ghcr.io/me', '--load', 'kind'],
    '--push and --load exclude each other: manifests name images of a registry, or loaded ones',
  ],
  [['--tag', 'v1'], '--tag goes with --push REGISTRY'],
  [['--plain-http'], '--plain-http goes with --push REGISTRY'],
  [['--kustomization', 'x'], '--kustomization goes with --push REGISTRY or --load'],
  [['--cluster', 'x'], '--cluster goes with --load'],
  [['--load', 'k3s'], '"k3s" is not a value for --load; there are kind, minikube'],
  [['--builder', 'kaniko'], '"kaniko" is not a value for --builder; there are docker, podman, buildah'],
  [['--torch-index', 'cpu'], '"cpu" is neither the address of a package index nor pypi'],
])('%j is refused: %s', (args, message) => {
  expect(() => parseImagesOptions(args)).toThrow(new UsageError(message));
});
