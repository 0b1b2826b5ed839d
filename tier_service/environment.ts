// What a tier reads from its environment, beside what every service does.
import { readServiceEnvironment, type ServiceEnvironment, wholeNumber } from '@ml-job-mesh/http-service';

/** What a tier is told from outside. */
export interface Environment extends ServiceEnvironment {
  /** The image that Jobs run; undefined leaves the one that the Job template names. */
  jobImage: string | undefined;
  /** How many jobs may be unfinished at a time. */
  maxUnfinished: number;
  /** How many of them may be one client's, where API keys are on. */
  maxUnfinishedPerClient: number;
  /** How many finished jobs are kept. */
  maxFinished: number;
}

/**
 * Reads the environment.
 * @throws Error that names the variable, its value, and what is allowed
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return {
    ...readServiceEnvironment(env),
    jobImage: env.JOB_IMAGE?.trim() || undefined,
    maxUnfinished: wholeNumber(env, 'MAX_UNFINISHED_JOBS', { fallback: 500, least: 1, greatest: 1_000_000 }),
    maxUnfinishedPerClient: wholeNumber(env, 'MAX_UNFINISHED_JOBS_PER_CLIENT', {
      fallback: 100,
      least: 1,
      greatest: 1_000_000,
    }),
    maxFinished: wholeNumber(env, 'MAX_FINISHED_JOBS', { fallback: 1_000, least: 1, greatest: 1_000_000 }),
  };
}
