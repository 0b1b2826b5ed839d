/** Where a command writes, and where it asks the user before something is done to a cluster. */
import { createInterface } from 'node:readline';
import { type Output, standardOutput } from '../local_cluster/install/screen.ts';

/** What is in front of the user. */
export interface Terminal {
  output: Output;
  input: NodeJS.ReadableStream;
  /** Whether somebody is there to answer. */
  isInteractive: boolean;
}

/** The terminal of this process. */
export function ownTerminal(): Terminal {
  const { stdin, stdout } = process;
  return { output: standardOutput(), input: stdin, isInteractive: stdin.isTTY === true && stdout.isTTY === true };
}

/** Writes lines, with an empty one before and after them. */
export function showLines({ output }: Terminal, lines: string[]): void {
  output.write(`\n${lines.join('\n')}\n\n`);
}

/**
 * Asks whether to go on; anything but `y` or `yes` is a no.
 * @throws Error if the answer is no, nobody is there to answer, or the signal is aborted meanwhile
 */
export async function confirm(terminal: Terminal, question: string, signal: AbortSignal): Promise<void> {
  if (!terminal.isInteractive)
    throw new Error('there is no terminal to ask on. If the above is what you want, add --yes. Nothing was changed');
  terminal.output.write(`${question} [y/N] `);
  if (/^y(es)?$/i.test((await readLine(terminal, signal)).trim())) return;
  throw new Error('not confirmed. Nothing was changed');
}

/** The next line that is typed; empty if the input ends, or the signal is aborted. */
async function readLine({ input }: Terminal, signal: AbortSignal): Promise<string> {
  // Not as a terminal: readline's own editing would keep Ctrl-C from those who listen for it.
  const lines = createInterface({ input, terminal: false });
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', resolve).once('close', () => resolve(''));
      signal.addEventListener('abort', () => resolve(''), { once: true });
      if (signal.aborted) resolve('');
    });
  } finally {
    lines.close();
  }
}
