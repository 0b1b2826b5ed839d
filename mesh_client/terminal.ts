/** What a command writes to, and reads from outside; tests give their own. */
export interface Terminal {
  stdout: Output;
  stderr: Output;
  env: Record<string, string | undefined>;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

export interface Output {
  write(chunk: string | Uint8Array): boolean;
  once(event: 'drain', listener: () => void): unknown;
  isTTY?: boolean;
  columns?: number;
}

const styles = { red: 31, green: 32, yellow: 33, dim: 2 };

/** Coloured text where the output is a terminal and NO_COLOR (no-color.org) is not set. */
export function paint(text: string, style: keyof typeof styles, output: Output, env: Terminal['env']): string {
  return output.isTTY && !env.NO_COLOR ? `\x1b[${styles[style]}m${text}\x1b[0m` : text;
}

/** Columns as wide as their widest cell, two spaces apart, the last one not filled up. */
export function alignRows(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at]! + 2))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
