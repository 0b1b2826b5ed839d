/** A change of one of the project's Envoy files, for tests that see what would be lost without a setting. */

/** A step to a setting: a key, an index, `*` for all of a list or object, or those items of a list that have a text. */
export type Step = string | number | { having: string };
export type SettingPath = Step[];

export interface Mutation {
  /** The Envoy file's name. */
  file: string;
  paths: SettingPath[];
  /** What is put in the place of the settings; they are removed where this is left out. */
  value?: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: Envoy's configuration has types in its own protocol buffers only.
type Node = any;

/** Where a value is: in which object or list, under which key. */
interface Place {
  parent: Node;
  key: string | number;
}

/**
 * Changes a parsed Envoy file if it is the one that the mutation is for.
 * @throws Error where there is no such setting, which would make the test of it worthless
 */
export function mutateFile({ file: name, paths, value }: Mutation, file: URL, bootstrap: Node): void {
  if (!file.pathname.endsWith(`/${name}`)) return;
  for (const path of paths) {
    if (changeSettings(bootstrap, path, value) === 0) throw new Error(`${name} has no setting ${JSON.stringify(path)}`);
  }
}

/**
 * Changes the settings at a path, in place.
 * @param value what is put in their place; they are removed where this is left out
 * @returns how many there are
 */
export function changeSettings(root: Node, path: SettingPath, value?: unknown): number {
  const places = findSettings(root, path);
  // From the end, since a list's items move up.
  for (const { parent, key } of places.toReversed()) {
    if (value !== undefined) parent[key] = value;
    else if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  }
  return places.length;
}

/** Where the settings at a path are; none where there are none. */
export function findSettings(bootstrap: Node, path: SettingPath): Place[] {
  const root: Place[] = [{ parent: { root: bootstrap }, key: 'root' }];
  return path.reduce((places, step) => places.flatMap(({ parent, key }) => follow(parent[key], step)), root);
}

function follow(parent: Node, step: Step): Place[] {
  if (typeof parent !== 'object' || parent === null) return [];
  const keys = Object.keys(parent);
  const chosen =
    typeof step === 'object'
      ? keys.filter((key) => JSON.stringify(parent[key]).includes(step.having))
      : keys.filter((key) => step === '*' || key === String(step));
  return chosen.map((key) => ({ parent, key }));
}
