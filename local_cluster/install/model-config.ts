/** The programs of `model_config/`, as far as what is made by them depends on them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from './cache.ts';

/** Their folder. */
export const modelConfig = path.join(projectFolder, 'model_config');

/** A file of it, for a hash. */
export function readSource(name: string) {
  return { file: name, content: readFileSync(path.join(modelConfig, name)) };
}

/** The programs, schemas and pins in a folder of it, without tests. */
export function listSources(folder: string): string[] {
  return readdirSync(path.join(modelConfig, folder))
    .filter((name) => /\.(py|json|in)$/.test(name) && !name.startsWith('test_'))
    .sort()
    .map((name) => path.join(folder, name));
}
