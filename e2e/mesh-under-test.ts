/** A mesh that runs already, and that the end-to-end tests are given instead of starting one. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { MeshContext } from './provided-context.ts';

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isThere = (value: unknown) => isText(value) && existsSync(value as string);

/** What a field has to be, and how that is said. */
const fields: Record<keyof Omit<MeshContext, 'stateFolder' | 'nodes'>, [(value: unknown) => boolean, string]> = {
  front: [isText, 'an address'],
  grader: [isText, 'an address'],
  kubeconfig: [isThere, 'a file that is there'],
  controlPlane: [isThere, 'a file that is there'],
  kustomization: [isThere, 'a folder that is there'],
  pipelineVolume: [isThere, 'a folder that is there'],
  kmnistTestImages: [(value) => Number.isInteger(value), 'a whole number'],
};

/**
 * Reads the description of a mesh: a JSON file with the fields of `MeshContext`, of which relative paths count from its
 * folder. It may say more.
 * @throws Error that names the file and all fields that are missing or wrong
 */
export function readMeshUnderTest(file: string): MeshContext {
  const described = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const fromFile = (value: unknown) => (isText(value) ? path.resolve(path.dirname(file), value as string) : value);
  const mesh: Record<string, unknown> = { ...(described.nodes !== undefined && { nodes: described.nodes }) };
  for (const [name, [, what]] of Object.entries(fields))
    mesh[name] = what.endsWith('that is there') ? fromFile(described[name]) : described[name];
  const wrong = Object.entries(fields).filter(([name, [isRight]]) => !isRight(mesh[name]));
  if (wrong.length === 0) return mesh as unknown as MeshContext;
  const messages = wrong.map(([name, [, what]]) => `"${name}" is ${JSON.stringify(described[name])}, not ${what}`);
  throw new Error(`MESH_UNDER_TEST names ${file}, which does not describe a mesh: ${messages.join('; ')}`);
}
