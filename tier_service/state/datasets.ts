import declared from '../../model_config/datasets.json' with { type: 'json' };

/** The datasets that a job can learn: those that the Jobs' image declares. */
export const datasets = Object.keys(declared) as (keyof typeof declared)[];

export type Dataset = keyof typeof declared;
