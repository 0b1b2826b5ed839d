/** Models by the data that they know: those of one dataset look at an input side by side. */
import declared from '../../../model_config/datasets.json' with { type: 'json' };
import type { ModelDescription } from './predictions.ts';

export interface ModelGroup {
  dataset: string;
  title: string;
  preparation: ModelDescription['input']['preparation'];
  /** The most accurate first. */
  models: ModelDescription[];
}

const declaredOrder = Object.keys(declared);

/** Groups models by dataset: handwriting first, in the order that the mesh names its datasets, then photos. */
export function groupModels(models: ModelDescription[]): ModelGroup[] {
  const groups = Map.groupBy(models, ({ dataset }) => dataset);
  return [...groups]
    .map(([dataset, members]) => ({
      dataset,
      title: titleOf(dataset, members[0]!),
      preparation: members[0]!.input.preparation,
      models: members.toSorted((a, b) => (b.accuracy ?? 0) - (a.accuracy ?? 0) || a.name.localeCompare(b.name)),
    }))
    .sort((a, b) => rankOf(a) - rankOf(b) || a.dataset.localeCompare(b.dataset));
}

function titleOf(dataset: string, { title, input }: ModelDescription): string {
  if (input.preparation === 'photo') return 'Photos';
  return declared[dataset as keyof typeof declared]?.title ?? title.split(',')[0]!;
}

function rankOf({ dataset, preparation }: ModelGroup): number {
  if (preparation === 'photo') return declaredOrder.length + 1;
  const place = declaredOrder.indexOf(dataset);
  return place < 0 ? declaredOrder.length : place;
}
