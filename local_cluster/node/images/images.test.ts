import { expect, test } from 'vitest';
import { describeImages, repositoryOf } from './images.ts';

test.each([
  ['localhost/ml-job-mesh/services:local', 'ml-job-mesh/services'],
  ['busybox', 'busybox'],
  ['busybox:1.36', 'busybox'],
  ['docker.io/library/busybox:1', 'busybox'],
  ['localhost:5000/ml-job-mesh/services:local', 'ml-job-mesh/services'],
  ['envoyproxy/envoy:v1.40.0', 'envoyproxy/envoy'],
  ['ml-job-mesh/web-tier@sha256:abc', 'ml-job-mesh/web-tier'],
])('%s is found as %s', (image, repository) => {
  expect(repositoryOf(image)).toBe(repository);
});

test('every image of the mesh is described', () => {
  const images = describeImages({
    projectFolder: '/project',
    nodeBinary: '/node/bin/node',
    envoyBinary: '/cache/envoy',
    pythonBinary: '/venv/bin/python',
    dataFolder: '/data',
    pretrainedFolder: '/pretrained',
  });
  expect(Object.keys(images).sort()).toEqual([
    'busybox',
    'envoyproxy/envoy',
    'ml-job-mesh/model-config',
    'ml-job-mesh/prediction-service',
    'ml-job-mesh/services',
    'ml-job-mesh/web-tier',
    'ml-job-mesh/web-ui',
  ]);
  expect(images['ml-job-mesh/model-config']).toMatchObject({
    entrypoint: ['python'],
    cmd: ['classify.py'],
    workingDir: '/app',
    paths: { '/app': '/project/model_config', '/app/data': '/data', '/app/pretrained': '/pretrained' },
    programs: { python: ['/venv/bin/python'] },
  });
});
