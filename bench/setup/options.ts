// What a benchmark may be told on its command line: each option is declared once, with its default and what it means.
import { parseArgs } from 'node:util';

export interface Option<T> {
  /** What follows the option, e.g. `N`; a flag takes nothing. */
  placeholder: string;
  about: string;
  usual: T;
  /** What `--quick` makes of it. */
  quick: T;
  read(text: string): T;
}

/** An option that takes a number. */
export function number(about: string, usual: number, quick = usual): Option<number> {
  return { placeholder: 'N', about: `${about} (default: ${usual})`.trimStart(), usual, quick, read: readNumber };
}

/** An option that takes numbers, separated by commas. */
export function numbers(about: string, usual: number[], quick = usual): Option<number[]> {
  const read = (text: string) => text.split(',').map(readNumber);
  return { placeholder: 'A,B,…', about: `${about} (default: ${usual})`, usual, quick, read };
}

/** An option that names a file. */
export function file(about: string): Option<string | undefined> {
  return { placeholder: 'FILE', about, usual: undefined, quick: undefined, read: (text) => text };
}

/** An option that is given or not. */
export function flag(about: string): Option<boolean> {
  return { placeholder: '', about, usual: false, quick: false, read: () => true };
}

function readNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new Error(`"${text}" is not a number`);
  return value;
}

/**
 * Reads the command line of a benchmark.
 * @param aboutQuick what `--quick` does; it is no option without
 * @returns nothing when it was asked for help, which is then printed
 * @throws Error for what is no option, and for an option's value that cannot be read
 */
export function readOptions<T extends object>(
  benchmark: string,
  args: string[],
  options: { [Name in keyof T]: Option<T[Name]> },
  aboutQuick?: string,
): T | undefined {
  const settings = Object.entries<Option<unknown>>(options);
  const declared = aboutQuick === undefined ? settings : [...settings, ['quick', flag(aboutQuick)] as const];
  const types = declared.map(
    ([name, { placeholder }]) => [name, { type: placeholder ? 'string' : 'boolean' }] as const,
  );
  const { values } = parseArgs({
    args,
    options: Object.fromEntries([...types, ['help', { type: 'boolean' }] as const]),
  });
  if (values.help) {
    const lines = declared.map(([name, { placeholder, about }]) => `${`--${name} ${placeholder}`.padEnd(21)}${about}`);
    console.log([`usage: npm run bench ${benchmark} [-- OPTIONS]`, ...lines].join('\n  '));
    return undefined;
  }
  const given = settings.map(([name, { usual, quick, read }]) => {
    const text = values[name];
    return [name, text === undefined ? (values.quick ? quick : usual) : read(String(text))];
  });
  return Object.fromEntries(given) as T;
}
