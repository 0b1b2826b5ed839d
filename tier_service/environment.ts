// The only file that reads the environment.
import { everybody, loadClients } from './clients.ts';

/** What a service is told from outside. */
export interface Environment {
  host: string;
  port: number;
  /** Where metrics and the readiness probe are served; 0 for any free port. */
  metricsPort: number;
  /** How many jobs may be unfinished at a time. */
  maxUnfinished: number;
  /** How many finished jobs are kept. */
  maxFinished: number;
  /** Who may ask; everybody unless keys are given. */
  clients: typeof everybody;
  logLevel: string;
  /** How long a service goes on after it was told to stop, until it is no longer sent requests, in milliseconds. */
  drainMs: number;
}

/**
 * Reads the environment.
 * @throws Error that names the variable, its value, and what is allowed
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return {
    host: env.HOST ?? '127.0.0.1',
    port: wholeNumber(env, 'PORT', 3000, 0, 65_535),
    metricsPort: wholeNumber(env, 'METRICS_PORT', 0, 0, 65_535),
    maxUnfinished: wholeNumber(env, 'MAX_UNFINISHED_JOBS', 500, 1, 1_000_000),
    maxFinished: wholeNumber(env, 'MAX_FINISHED_JOBS', 1_000, 1, 1_000_000),
    clients: env.API_KEYS_FILE ? loadClients(env.API_KEYS_FILE) : everybody,
    logLevel: env.LOG_LEVEL ?? 'info',
    drainMs: wholeNumber(env, 'DRAIN_MS', 0, 0, 60_000),
  };
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, fallback: number, least: number, greatest: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= greatest) return value;
  throw new Error(`${name} is "${text}"; it has to be a whole number from ${least} to ${greatest}`);
}
