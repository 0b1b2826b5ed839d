import { type Static, Type } from 'typebox';

export const Progress = Type.Object({
  epoch: Type.Integer({ description: 'The epoch that it is in, from 1.' }),
  epochs: Type.Integer(),
  step: Type.Integer({ description: 'Batches of this epoch that are done.' }),
  steps: Type.Integer(),
  loss: Type.Number({ description: 'Cross-entropy of the last batch.' }),
});
export type Progress = Static<typeof Progress>;
