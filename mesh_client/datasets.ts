import declared from '../model_config/datasets.json' with { type: 'json' };

/** The datasets that a job can learn. */
export const datasetNames = Object.keys(declared);
