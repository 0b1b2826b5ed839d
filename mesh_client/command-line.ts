/** Reads a command line, runs its command, and turns every error into a line and an exit code. */
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import type { Command, Option } from './command.ts';
import { cancel } from './commands/cancel.ts';
import { clear } from './commands/clear.ts';
import { list } from './commands/list.ts';
import { logs } from './commands/logs.ts';
import { queue } from './commands/queue.ts';
import { submit } from './commands/submit.ts';
import { watch } from './commands/watch.ts';
import { CommandError, exitCodes, usageError } from './exit-codes.ts';
import { helpFor, overview } from './help.ts';
import { createMeshApi } from './mesh-api.ts';
import type { Terminal } from './terminal.ts';

const commands: Command[] = [submit, list, watch, logs, cancel, clear, queue];

/** The options of every command. */
const globalOptions: Record<string, Option> = {
  url: { type: 'string', value: 'URL', help: 'where the mesh is; $MESH_URL, or http://127.0.0.1:8080' },
  'api-key': { type: 'string', value: 'KEY', help: 'sent as a bearer token; $MESH_API_KEY' },
  'retry-for': { type: 'string', value: 'SECONDS', help: 'how long to try again while the service is away; 30' },
  json: { type: 'boolean', help: 'write JSON' },
  help: { type: 'boolean', help: 'show this' },
  version: { type: 'boolean', help: 'show the version' },
};

const defaultUrl = 'http://127.0.0.1:8080';
const defaultRetrySeconds = 30;

/**
 * Runs `mesh` with these arguments.
 *
 * @param args without the program's name
 * @returns the exit code; nothing is thrown
 */
export async function runCommandLine(args: string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    if (terminal.signal.aborted) return exitCodes.interrupted;
    if (!(error instanceof CommandError)) throw error;
    terminal.stderr.write(args.includes('--json') ? `${JSON.stringify(error.toJson())}\n` : `mesh: ${error.message}\n`);
    return error.exitCode;
  }
}

async function dispatch(args: string[], terminal: Terminal): Promise<number> {
  const at = findFirstWord(args);
  const command = commands.find(({ name }) => name === args[at]);
  const { options, words } = parse(command ? args.toSpliced(at, 1) : args, command?.options ?? {});
  if (options.version) return print(terminal, `mesh ${packageJson.version}\n`);
  if (options.help || args.length === 0 || words[0] === 'help') {
    return print(terminal, command ? helpFor(command, globalOptions) : overview(commands, globalOptions));
  }
  if (!command)
    throw usageError(words[0] ? `there is no command "${words[0]}"; see mesh --help` : 'no command; see mesh --help');
  checkWords(command, words);
  return runCommand(command, options, words, terminal);
}

async function runCommand(
  command: Command,
  options: Record<string, string | boolean | undefined>,
  words: string[],
  terminal: Terminal,
): Promise<number> {
  const api = createMeshApi({
    url: readUrl(String(options.url ?? terminal.env.MESH_URL ?? defaultUrl)),
    apiKey: (options['api-key'] as string | undefined) ?? terminal.env.MESH_API_KEY,
    retryForMs: readSeconds(options['retry-for']) * 1_000,
    signal: terminal.signal,
  });
  try {
    return await command.run({ api, terminal, json: options.json === true, options, words });
  } finally {
    await api.close();
  }
}

/** Where the first argument is that is no option and no option's value; -1 if there is none. */
function findFirstWord(args: string[]): number {
  const options = typesOf(Object.assign({}, globalOptions, ...commands.map((command) => command.options)));
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  return tokens.find(({ kind }) => kind === 'positional')?.index ?? -1;
}

function typesOf(options: Record<string, Option>): Record<string, Pick<Option, 'type'>> {
  return Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]));
}

function parse(args: string[], commandOptions: Record<string, Option>) {
  const known = { ...commandOptions, ...globalOptions };
  try {
    const { values, positionals } = parseArgs({ args, options: typesOf(known), allowPositionals: true });
    for (const [name, value] of Object.entries(values)) checkChoice(name, known[name]!, value);
    return { options: values as Record<string, string | boolean | undefined>, words: positionals };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // Node adds advice about positional arguments, which is of no use here.
    throw usageError((error as Error).message.split('. ')[0]!);
  }
}

function checkChoice(name: string, { choices }: Option, value: unknown): void {
  if (!choices || choices.includes(String(value))) return;
  throw usageError(`--${name} is "${value}"; it has to be one of ${choices.join(', ')}`);
}

function checkWords({ name, words, wordCount }: Command, given: string[]): void {
  if (given.length >= wordCount.least && given.length <= wordCount.most) return;
  throw usageError(`mesh ${name} takes ${words ?? 'nothing but options'}; see mesh ${name} --help`);
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return text;
  throw usageError(`"${text}" is no address; expected something like ${defaultUrl}`);
}

function readSeconds(text: string | boolean | undefined): number {
  if (text === undefined) return defaultRetrySeconds;
  if (/^\d{1,6}$/.test(String(text))) return Number(text);
  throw usageError(`--retry-for is "${text}"; it has to be a whole number of seconds`);
}

function print({ stdout }: Terminal, text: string): number {
  stdout.write(text);
  return exitCodes.ok;
}
