import type { Command, Option } from './command.ts';
import { alignRows } from './terminal.ts';

const exitCodeHelp = `Exit codes:
  0  done; a watched job has succeeded        4    refused by the service (4xx)
  1  the watched job has failed               5    the service is away, or at fault (5xx)
  2  the command line cannot be understood    130  Ctrl-C
  3  the watched job was cancelled
`;

/** What `mesh --help` prints. */
export function overview(commands: Command[], globalOptions: Record<string, Option>): string {
  const rows = commands.map(({ name, words, summary }) => [`  mesh ${name}${words ? ` ${words}` : ''}`, summary]);
  return `mesh: machine-learning jobs from the command line

${alignRows(rows)}
Options of every command (mesh COMMAND --help shows the others):
${optionRows(globalOptions)}
${exitCodeHelp}`;
}

/** What `mesh COMMAND --help` prints. */
export function helpFor(command: Command, globalOptions: Record<string, Option>): string {
  const { name, words, summary, options, notes } = command;
  const own = Object.keys(options).length > 0 ? `\nOptions:\n${optionRows(options)}` : '';
  return `mesh ${name}${words ? ` ${words}` : ''} [options]: ${summary}
${notes ? `\n${notes}\n` : ''}${own}
Options of every command:
${optionRows(globalOptions)}`;
}

function optionRows(options: Record<string, Option>): string {
  return alignRows(
    Object.entries(options).map(([name, { value, help }]) => [`  --${name}${value ? ` ${value}` : ''}`, help]),
  );
}
