import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { images, kustomizationFile, localRepository, localTag } from './images.ts';
import { setImages } from './kustomization.ts';

const digest = `sha256:${'0a'.repeat(32)}`;
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kustomization-'));
  file = path.join(folder, 'kustomization.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a digest takes the place of a tag, a tag that of a digest, a new name is added, and all else stays', () => {
  writeFileSync(
    file,
    `# Which images run.
kind: Component
images:
  # The services.
  - name: localhost/a
    newName: localhost/a
    newTag: local
  - name: localhost/b
    newName: registry.example/b
    digest: ${digest}
  - name: localhost/c
    newTag: local
resources: [x.yaml]
`,
    { mode: 0o644 },
  );
  setImages(file, {
    'localhost/a': { newName: 'registry.example/a', digest },
    'localhost/b': { newName: 'localhost/b', newTag: 'local' },
    'localhost/d': { newName: 'registry.example/d', digest },
  });
  expect(readFileSync(file, 'utf8')).toBe(`# Which images run.
kind: Component
images:
  # The services.
  - name: localhost/a
    newName: registry.example/a
    digest: ${digest}
  - name: localhost/b
    newName: localhost/b
    newTag: local
  - name: localhost/c
    newTag: local
  - name: localhost/d
    newName: registry.example/d
    digest: ${digest}
resources: [ x.yaml ]
`);
  expect(statSync(file).mode & 0o777).toBe(0o644);
});

test('a file that is no kustomization is left as it is', () => {
  writeFileSync(file, 'images: {}\n');
  expect(() => setImages(file, { a: { newName: 'b', newTag: 'c' } })).toThrow(`images in ${file} is no list`);
  writeFileSync(file, '[]\n');
  expect(() => setImages(file, { a: { newName: 'b', newTag: 'c' } })).toThrow(`${file} is no kustomization`);
  expect(readFileSync(file, 'utf8')).toBe('[]\n');
});

test('the manifests’ component has each image that is built, and no other of ours', () => {
  const { images: listed } = parse(readFileSync(kustomizationFile, 'utf8')) as { images: { name: string }[] };
  const ours = listed.map(({ name }) => name).filter((name) => name.startsWith('localhost/'));
  expect(ours.toSorted()).toEqual(images.map(localRepository).toSorted());
  expect(localTag).toBe('local');
});
