/** Tells the nodes what this machine has for each image, with the data sets and networks that the pods are to find. */
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from './install/cache.ts';
import type { Software } from './install/install.ts';
import { describeImages, type Images } from './node/images/images.ts';

/**
 * Writes the images file of a state folder and gives its path. Nothing of an earlier run stays in it.
 * @param others images besides the mesh's own
 */
export function writeImages(stateFolder: string, software: Software, others: Images = {}): string {
  const file = path.join(stateFolder, 'images.json');
  const dataFolder = path.join(stateFolder, 'data');
  const pretrainedFolder = path.join(stateFolder, 'pretrained');
  linkInto(dataFolder, software.datasets);
  linkInto(
    pretrainedFolder,
    Object.fromEntries(
      software.networks.flatMap((folder) => readdirSync(folder).map((name) => [name, path.join(folder, name)])),
    ),
  );
  const images = describeImages({
    projectFolder,
    nodeBinary: process.execPath,
    envoyBinary: software.envoy,
    pythonBinary: software.python,
    dataFolder,
    pretrainedFolder,
  });
  writeFileSync(file, `${JSON.stringify({ ...images, ...others }, null, 2)}\n`);
  return file;
}

/** Gives the folder of a dataset that the state folder's cluster had at its last start; undefined if it had none. */
export function linkedDataset(stateFolder: string, dataset: string): string | undefined {
  const link = path.join(stateFolder, 'data', dataset);
  return existsSync(link) ? realpathSync(link) : undefined;
}

function linkInto(folder: string, targets: Record<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, target] of Object.entries(targets)) symlinkSync(target, path.join(folder, name));
}
