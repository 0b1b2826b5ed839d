/** What the prediction service answers with. */

import type { ModelDescription } from '@ml-job-mesh/prediction-service/model_store/model-description.ts';
import type { ModelVersion } from '@ml-job-mesh/prediction-service/routes/models.ts';

export type { ModelDescription, ModelVersion };

export interface ClassProbability {
  class: number;
  label: string;
  probability: number;
}

export interface Prediction {
  classes: ClassProbability[];
  milliseconds: number;
  /** What the network saw, as a data URI. */
  input?: string;
}

export interface PredictAnswer {
  model: string;
  version: number;
  predictions: Prediction[];
}
