import { type Static, Type } from 'typebox';
import type { ModelDescription } from '../model_store/model-description.ts';

const ClassProbability = Type.Object({
  class: Type.Integer(),
  label: Type.String(),
  probability: Type.Number({ minimum: 0, maximum: 1 }),
});

/** What a network makes of an image. */
export const Prediction = Type.Object({
  classes: Type.Array(ClassProbability, { description: 'The most probable first.' }),
  milliseconds: Type.Number({ description: 'How long it took, from the bytes of the image to its classes.' }),
  input: Type.Optional(
    Type.String({ description: 'With `preview=true`: what the network was shown, as a data URI of a PNG or JPEG.' }),
  ),
});

/** The answer to a prediction. */
export const Predictions = Type.Object({
  model: Type.String(),
  version: Type.Integer({ description: 'The version that has looked at all of the images.' }),
  predictions: Type.Array(Prediction, { description: 'One for each image, in their order.' }),
});

export type Predictions = Static<typeof Predictions>;

/** All classes of a model that has few, and otherwise so many. */
const fewClasses = 10;
const bestOfMany = 5;

/** The most probable classes, the best first; of those that are alike, the first. */
export function bestClasses(
  probabilities: Float32Array,
  classes: ModelDescription['classes'],
  top = classes.length <= fewClasses ? classes.length : bestOfMany,
): Static<typeof ClassProbability>[] {
  const order = Array.from(classes.keys()).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  return order.slice(0, top).map((i) => ({ ...classes[i]!, probability: probabilities[i]! }));
}
