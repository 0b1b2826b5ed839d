/** Runs a program that an installation needs, line by line, so that its progress can be shown. */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';

const keptLines = 400;

/** How to run it. */
export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Told of every line of either output. */
  onLine?: (line: string) => void;
  /** Ends the program and all that it started. */
  signal?: AbortSignal;
  /** It is not what the others wait for: it gets the processors when they leave them idle. */
  inBackground?: boolean;
}

/**
 * Runs a program to its end and gives what it wrote to its standard output.
 * @throws CommandError if it cannot be run, or ends with anything but 0
 */
export async function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  // A process group of its own, so that all of it can be ended, and a Ctrl-C does not reach half of it.
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (options.inBackground) yieldProcessors(child.pid);
  const written: string[] = [];
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    written.push(line);
    options.onLine?.(line);
  });
  createInterface(child.stderr).on('line', (line) => {
    errors.push(line);
    if (errors.length > keptLines) errors.shift();
    options.onLine?.(line);
  });
  const stop = () => endGroup(child.pid);
  options.signal?.addEventListener('abort', stop);
  try {
    const how = await new Promise<string | undefined>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
    });
    options.signal?.throwIfAborted();
    if (how !== undefined) throw new CommandError(command, args, how, errors.length > 0 ? errors : written);
    return written.join('\n');
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

/** A program that failed: the message is one line, what it wrote is in `lines`. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly lines: string[];

  constructor(command: string, args: string[], how: string, lines: string[]) {
    const told = lines.filter((line) => line.trim() !== '');
    const reason = told.findLast((line) => /error/i.test(line)) ?? told.at(-1) ?? 'it wrote nothing';
    super(`\`${[command, ...args].join(' ').slice(0, 160)}\` failed (${how}): ${reason.trim()}`);
    this.lines = told.slice(-40);
  }
}

/** Lowers a process's priority, and with it that of what it starts. */
function yieldProcessors(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended by itself.
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
