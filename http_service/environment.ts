// What every service reads from its environment.
import { everybody, loadClients } from './clients.ts';

/** What a service is told from outside. */
export interface ServiceEnvironment {
  host: string;
  port: number;
  /** Where metrics and the readiness probe are served; 0 for any free port. */
  metricsPort: number;
  /** Who may ask; everybody unless keys are given. */
  clients: typeof everybody;
  logLevel: string;
  /** How long a service goes on after it was told to stop, until it is no longer sent requests, in milliseconds. */
  drainMs: number;
}

/**
 * Reads what all services have in common.
 * @throws Error that names the variable, its value, and what is allowed
 */
export function readServiceEnvironment(env: NodeJS.ProcessEnv = process.env): ServiceEnvironment {
  return {
    host: env.HOST ?? '127.0.0.1',
    port: wholeNumber(env, 'PORT', { fallback: 3000, least: 0, greatest: 65_535 }),
    metricsPort: wholeNumber(env, 'METRICS_PORT', { fallback: 0, least: 0, greatest: 65_535 }),
    clients: env.API_KEYS_FILE ? loadClients(env.API_KEYS_FILE) : everybody,
    logLevel: env.LOG_LEVEL ?? 'info',
    drainMs: wholeNumber(env, 'DRAIN_MS', { fallback: 0, least: 0, greatest: 60_000 }),
  };
}

/**
 * A variable that is a whole number.
 * @throws Error that names the variable, its value, and what is allowed
 */
export function wholeNumber(
  env: NodeJS.ProcessEnv,
  name: string,
  { fallback, least, greatest }: { fallback: number; least: number; greatest: number },
): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= greatest) return value;
  throw new Error(`${name} is "${text}"; it has to be a whole number from ${least} to ${greatest}`);
}
