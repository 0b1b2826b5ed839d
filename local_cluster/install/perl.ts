/** Checks for the machine's Perl, which Envoy's containers call in their hooks: it is what Envoy's image has. */
import { runCommand } from './run-command.ts';
import type { StepResult } from './step-runner.ts';

/**
 * Checks that hooks can talk to a socket in Perl.
 * @throws Error that says how to get it
 */
export async function requirePerl(program = 'perl'): Promise<StepResult<undefined>> {
  try {
    await runCommand(program, ['-MIO::Socket::UNIX', '-e', '1'], {});
    return { value: undefined };
  } catch (error) {
    throw new Error(
      "Envoy's containers need Perl with IO::Socket::UNIX for their hooks. " +
        'Install it, for instance with `apt install perl-base` or `dnf install perl-interpreter perl-IO`',
      { cause: error },
    );
  }
}
