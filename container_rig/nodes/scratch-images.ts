/** Images of one static program each, made without a base image and without a builder: the rig's own. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../local_cluster/install/run-command.ts';

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
/** The same program makes the same image. */
const reproducible = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];

/** An image. */
export interface ScratchImage {
  name: string;
  /** Path of the program, which is at the root of the image under its own name. */
  program: string;
}

/**
 * Writes one archive of images as `docker save` does.
 * @param workFolder an empty one
 */
export async function writeScratchImages(images: ScratchImage[], archive: string, workFolder: string): Promise<void> {
  const contents = path.join(workFolder, 'archive');
  mkdirSync(contents);
  const manifest: object[] = [];
  for (const { name, program } of images) {
    const file = path.basename(program);
    const root = path.join(workFolder, file);
    mkdirSync(root);
    copyFileSync(program, path.join(root, file));
    const layer = `${file}.tar`;
    await runCommand('tar', [...reproducible, '-C', root, '-cf', path.join(contents, layer), file]);
    const digest = createHash('sha256')
      .update(readFileSync(path.join(contents, layer)))
      .digest('hex');
    const config = `${file}.json`;
    writeFileSync(path.join(contents, config), JSON.stringify(describe(file, digest)));
    manifest.push({ Config: config, RepoTags: [name], Layers: [layer] });
  }
  writeFileSync(path.join(contents, 'manifest.json'), JSON.stringify(manifest));
  await runCommand('tar', [...reproducible, '-C', contents, '-cf', archive, '.']);
}

function describe(file: string, layerDigest: string): object {
  return {
    architecture: architectures[process.arch],
    os: 'linux',
    config: { Entrypoint: [`/${file}`], User: '65532:65532' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
  };
}
