import declared from '../model_config/datasets.json' with { type: 'json' };

/** The datasets that a job can learn. */
export const datasetNames = Object.keys(declared);

/** Names in a sentence: `a, b or c`. */
export function anyOf(names: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(names).replace(/, or /, ' or ');
}
