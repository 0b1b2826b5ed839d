import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readMeshUnderTest } from './mesh-under-test.ts';

function describeMesh(described: object): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mesh-under-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'mesh.json');
  writeFileSync(file, JSON.stringify(described));
  return file;
}

const mesh = {
  ...{ front: 'http://10.96.0.80', grader: 'http://10.96.0.81:5000', kubeconfig: 'mesh.json', controlPlane: '/bin/sh' },
  ...{ kustomization: '/', pipelineVolume: '.', kmnistTestImages: 0 },
};

test('a mesh that runs already is given by a file, whose relative paths count from its folder', () => {
  const file = describeMesh({ ...mesh, pid: 7 });
  expect(readMeshUnderTest(file)).toEqual({ ...mesh, kubeconfig: file, pipelineVolume: path.dirname(file) });
});

test('a file that describes no mesh is refused, with all that is wrong', () => {
  const file = describeMesh({ ...mesh, front: '', kubeconfig: 'nowhere', kmnistTestImages: undefined });
  expect(() => readMeshUnderTest(file)).toThrow(
    `MESH_UNDER_TEST names ${file}, which does not describe a mesh: "front" is "", not an address; ` +
      '"kubeconfig" is "nowhere", not a file that is there; "kmnistTestImages" is undefined, not a whole number',
  );
});
