/** Writes into a kustomization which images are to run, as `kustomize edit set image` would. */
import { readFileSync, statSync } from 'node:fs';
import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { writeFileSafely } from '../../local_cluster/record-file.ts';

/** What takes the place of an image's name. */
export interface Replacement {
  newName: string;
  /** Exactly one of both. */
  newTag?: string;
  digest?: string;
}

/**
 * Sets `images` of a kustomization; names that are not there yet are added, and all else in the file stays.
 * @param replacements from names, as manifests have them, without a tag
 * @throws Error if the file is no kustomization; it is as it was then
 */
export function setImages(file: string, replacements: Record<string, Replacement>): void {
  const { document, list } = readImages(file);
  for (const [name, { newName, newTag, digest }] of Object.entries(replacements)) {
    const found = list.items.find((item) => isMap(item) && item.get('name') === name);
    const entry = found ?? (document.createNode({ name }) as YAMLMap);
    if (!found) list.add(entry);
    for (const [key, value] of Object.entries({ newName, newTag, digest })) {
      if (value === undefined) entry.delete(key);
      else entry.set(key, value);
    }
  }
  writeFileSafely(file, document.toString({ lineWidth: 0 }), statSync(file).mode);
}

/**
 * Sees to it that a file can be told of images, before any is built.
 * @throws Error if it cannot be read, or is no kustomization
 */
export function requireKustomization(file: string): void {
  readImages(file);
}

function readImages(file: string) {
  const document = parseDocument(readFile(file));
  if (document.errors.length > 0 || !isMap(document.contents)) throw new Error(`${file} is no kustomization`);
  if (!document.has('images')) document.set('images', document.createNode([]));
  const list = document.get('images');
  if (!isSeq<YAMLMap>(list)) throw new Error(`images in ${file} is no list`);
  return { document, list };
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`the kustomization for the images cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
