// A container sees its volumes and its image at paths of its own; a process of this machine does not. So wherever such
// a path is written in what a container is given (command, arguments, environment, working directory), the folder
// that stands for it here is put in its place.

/** From a path inside a container to what stands for it on this machine. */
export type PathMap = ReadonlyMap<string, string>;

/**
 * Replaces every path of the map in a text, wherever it stands by whole segments: `/etc/x` is found in `--file=/etc/x/y`
 * and in `a:/etc/x`, not in `/etc/xy` nor in `/opt/etc/x`. The longest path wins where several fit.
 */
export function mapPaths(text: string, paths: PathMap): string {
  if (paths.size === 0 || !text.includes('/')) return text;
  const longestFirst = [...paths.keys()].sort((a, b) => b.length - a.length);
  const alternatives = longestFirst.map((path) => escapePattern(path)).join('|');
  const pattern = new RegExp(`(?<=^|[^\\w.~/-]|(?<=[:])//)(?:${alternatives})(?![\\w.~-])`, 'g');
  return text.replace(pattern, (path) => paths.get(path)!);
}

/** A path as the keys of a map have it: no slash at its end. */
export function normalizePath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
