/**
 * Expands `$(NAME)` as Kubernetes does in commands, arguments and environment values: `$$(NAME)` is a literal `$(NAME)`,
 * and a name that is not known stays as it is written.
 */
export function expandVariables(text: string, known: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (written, name?: string) => {
    if (written === '$$') return '$';
    return known.get(name!) ?? written;
  });
}
