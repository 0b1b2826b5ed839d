// Where the programs are that a benchmark starts, and the options that say otherwise.
import { existsSync } from 'node:fs';

/** Options of every benchmark that starts a cluster, for `parseArgs`. */
export const programOptions = {
  'control-plane': { type: 'string' },
  envoy: { type: 'string' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** What `programOptions` means, for a usage message. */
export const programUsage = `  --quick              few requests, to see that it works
  --control-plane FILE the program with etcd and Kubernetes (default: what npm start installed)
  --envoy FILE         Envoy (default: what npm start installed)`;

/** @throws Error that says what to do when the program is not there */
export function requireProgram(file: string | undefined, option: string): string {
  if (file !== undefined && existsSync(file)) return file;
  throw new Error(`there is no ${file ?? option}: run npm start once, or say --${option} FILE`);
}
