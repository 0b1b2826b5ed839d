/** What the prediction service answers with, from its own schemas. */
import type { Predictions } from '@ml-job-mesh/prediction-service/views/prediction.ts';

export type { ModelDescription } from '@ml-job-mesh/prediction-service/model_store/model-description.ts';
export type { Model } from '@ml-job-mesh/prediction-service/views/model.ts';

export type PredictAnswer = Predictions;
export type Prediction = PredictAnswer['predictions'][number];
export type ClassProbability = Prediction['classes'][number];
