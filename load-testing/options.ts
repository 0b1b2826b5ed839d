// What `npm run load` understands on its command line.
import path from 'node:path';
import { parseArgs } from 'node:util';
import loads from './loads.json' with { type: 'json' };

export type LoadName = keyof typeof loads;

/** Kinds of people, and what they do. */
export const people = {
  draw: 'draw digits',
  photos: 'upload photos',
  jobs: 'submit jobs and follow them',
} as const;
export type Kind = keyof typeof people;

const names = Object.keys(loads) as LoadName[];
const kinds = Object.keys(people) as Kind[];

export const usage = `npm run load -- NAME [OPTIONS]: puts a load on a mesh and reports how it did

${names.map((name) => `  ${name.padEnd(20)} ${loads[name].about}; ${loads[name].people} people, ${loads[name].seconds} s`).join('\n')}

  --address URL        the mesh's front proxy (http://127.0.0.1:8080)
  --people N           how many there are at most
  --seconds N          how long it takes
  --who KIND,…         who is among them (${kinds.join()}): people who ${kinds.map((kind) => people[kind]).join(', ')}
  --report FOLDER      where the report goes (.mesh/load/NAME)
  --help               show this

Where API keys are on, MESH_API_KEY is the one that all of them use. Ctrl-C ends the load early.
`;

/** One load on one mesh. */
export interface LoadOptions {
  name: LoadName;
  /** Without a slash at the end. */
  address: string;
  /** Undefined as the load says. */
  people: number | undefined;
  seconds: number | undefined;
  who: Kind[];
  reportFolder: string;
}

/** The command line asks for what is not there. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 * @returns undefined when it asks for help
 * @throws UsageError that says what is wrong and what is allowed
 */
export function parseLoadOptions(args: string[]): LoadOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [name, ...more] = positionals;
  if (name === undefined) throw new UsageError(`which load? There are ${names.join(', ')}`);
  if (!names.includes(name as LoadName))
    throw new UsageError(`there is no load ${JSON.stringify(name)}; there are ${names.join(', ')}`);
  if (more.length > 0) throw new UsageError(`one load at a time: ${JSON.stringify(more[0])} is one too many`);
  return {
    name: name as LoadName,
    address: readAddress(values.address ?? 'http://127.0.0.1:8080'),
    people: readNumber('people', values.people),
    seconds: readNumber('seconds', values.seconds),
    who: readKinds(values.who ?? kinds.join()),
    reportFolder: path.resolve(values.report ?? path.join('.mesh', 'load', name)),
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const options = {
    address: text,
    people: text,
    seconds: text,
    who: text,
    report: text,
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0], { cause: error });
  }
}

function readAddress(text: string): string {
  const url = URL.parse(text);
  const isFront = url && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/' && !url.search && !url.hash;
  if (isFront) return url.origin;
  throw new UsageError(`--address is ${JSON.stringify(text)}; it must be like http://127.0.0.1:8080, without a path`);
}

function readNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,5}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new UsageError(`--${option} is ${JSON.stringify(text)}; it must be a whole number from 1 to 999999`);
}

function readKinds(text: string): Kind[] {
  const asked = [...new Set(text.split(','))];
  const unknown = asked.find((kind) => !kinds.includes(kind as Kind));
  if (unknown === undefined) return asked as Kind[];
  throw new UsageError(`--who is ${JSON.stringify(text)}; it must be of ${kinds.join(', ')}, separated by commas`);
}
