import { type Static, Type } from 'typebox';
import { ModelDescription } from '../model_store/model-description.ts';

/** One of a model's versions, in short. */
export const ModelVersion = Type.Pick(ModelDescription, ['version', 'created_at', 'accuracy']);
export type ModelVersion = Static<typeof ModelVersion>;

/** A model as it is told of by itself. */
export const Model = Type.Object({
  ...ModelDescription.properties,
  versions: Type.Array(ModelVersion, { description: 'The one that answers now, then those before it.' }),
});
export type Model = Static<typeof Model>;
