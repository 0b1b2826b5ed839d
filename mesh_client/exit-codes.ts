/** What the exit code of every command means, for scripts. */
export const exitCodes = {
  /** Done; a job that was watched has succeeded. */
  ok: 0,
  /** The job that was watched has failed. */
  jobFailed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** The job that was watched was cancelled. */
  jobCancelled: 3,
  /** The service refused the request (4xx). */
  refused: 4,
  /** The service cannot be reached, or did not answer as it should (5xx), for as long as we tried. */
  unavailable: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** An error that ends the command with a line for the user. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  /** The service's own code for it, where it gave one. */
  readonly code: string | undefined;

  constructor(exitCode: number, message: string, code?: string) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }

  /** What `--json` writes to standard error. */
  toJson(): object {
    return { error: { code: this.code ?? 'error', message: this.message, exit_code: this.exitCode } };
  }
}

/** A command line that cannot be understood. */
export function usageError(message: string): CommandError {
  return new CommandError(exitCodes.usage, message, 'usage');
}
