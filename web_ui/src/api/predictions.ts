/** What the prediction service answers with. */

import type { ModelDescription } from '@ml-job-mesh/prediction-service/model_store/model-description.ts';

export type { ModelDescription };

export interface ModelVersion {
  version: number;
  created_at: string;
  accuracy: number | null;
}

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
