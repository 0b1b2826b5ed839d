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
  const document = parseDocument(readFileSync(file, 'utf8'));
  if (document.errors.length > 0 || !isMap(document.contents)) throw new Error(`${file} is no kustomization`);
  if (!document.has('images')) document.set('images', document.createNode([]));
  const list = document.get('images');
  if (!isSeq<YAMLMap>(list)) throw new Error(`images in ${file} is no list`);
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
