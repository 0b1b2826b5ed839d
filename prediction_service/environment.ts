// What the service reads from its environment, beside what every service does.
import { readServiceEnvironment, type ServiceEnvironment } from '@ml-job-mesh/http-service';

/** What the service is told from outside. */
export interface Environment extends ServiceEnvironment {
  /** The folder of the published models. */
  modelFolder: string;
  /** The model that answers where none is named. */
  defaultModel: string;
}

/**
 * Reads the environment.
 * @throws Error that names the variable, its value, and what is allowed
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return {
    ...readServiceEnvironment({ ...env, PORT: env.PORT || '5000' }),
    modelFolder: env.MODEL_FOLDER || '/src/model',
    defaultModel: env.DEFAULT_MODEL || 'mnist-cnn',
  };
}
