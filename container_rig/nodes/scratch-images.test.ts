import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeScratchImages } from './scratch-images.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'scratch-images-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Writes an archive of two images; their programs are that old. Gives its path. */
async function writeArchive(changedAt: number): Promise<string> {
  const folder = temporaryFolder();
  const programs = ['one', 'two'].map((name) => path.join(folder, name));
  for (const program of programs) {
    writeFileSync(program, `program ${path.basename(program)}`);
    chmodSync(program, 0o755);
    utimesSync(program, changedAt, changedAt);
  }
  mkdirSync(path.join(folder, 'work'));
  const images = programs.map((program) => ({ name: `localhost/${path.basename(program)}:rig`, program }));
  const archive = path.join(folder, 'images.tar');
  await writeScratchImages(images, archive, path.join(folder, 'work'));
  return archive;
}

test('an image is one program at its root, and its configuration names the layer by its content', async () => {
  const archive = await writeArchive(1_000);
  const folder = temporaryFolder();
  execFileSync('tar', ['-xf', archive, '-C', folder]);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  expect(manifest.map(({ RepoTags }: { RepoTags: string[] }) => RepoTags)).toEqual([
    ['localhost/one:rig'],
    ['localhost/two:rig'],
  ]);
  const layer = path.join(folder, manifest[1].Layers[0]);
  expect(execFileSync('tar', ['-tvf', layer], { encoding: 'utf8' })).toMatch(/^-rwxr-xr-x 0\/0 .* two\n$/);
  const config = JSON.parse(readFileSync(path.join(folder, manifest[1].Config), 'utf8'));
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
  expect(config.rootfs).toEqual({ type: 'layers', diff_ids: [`sha256:${digest}`] });
  expect(config.config).toEqual({ Entrypoint: ['/two'], User: '65532:65532' });
});

test('the same programs make the same images, whenever that is', async () => {
  const layers = async (changedAt: number) => {
    const archive = await writeArchive(changedAt);
    return execFileSync('tar', ['-xOf', archive, './one.json', './two.json'], { encoding: 'utf8' });
  };
  expect(await layers(2_000)).toBe(await layers(1_000));
});
