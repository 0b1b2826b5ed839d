import type { MeshApi } from './mesh-api.ts';
import type { Terminal } from './terminal.ts';

export interface Option {
  type: 'string' | 'boolean';
  /** What stands for the value in the help. */
  value?: string;
  help: string;
  /** The only values that are taken. */
  choices?: readonly string[];
}

export interface Call {
  api: MeshApi;
  terminal: Terminal;
  /** Whether to write JSON, for programs. */
  json: boolean;
  options: Record<string, string | boolean | undefined>;
  /** What is not an option: a dataset, ids. */
  words: string[];
}

export interface Command {
  name: string;
  summary: string;
  /** How the words after the command are called, e.g. `ID…`. */
  words?: string;
  /** How many words there have to be. */
  wordCount: { least: number; most: number };
  options: Record<string, Option>;
  /** Further lines of its help. */
  notes?: string;
  /** Runs it and gives its exit code. */
  run(call: Call): Promise<number>;
}
