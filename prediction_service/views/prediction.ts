import { type Static, Type } from 'typebox';
import type { ModelDescription } from '../model_store/model-description.ts';

const ClassProbability = Type.Object({
  class: Type.Integer(),
  label: Type.String(),
  probability: Type.Number({ minimum: 0, maximum: 1 }),
});

/** What a network thinks of an image. */
export const Prediction = Type.Object({
  classes: Type.Array(ClassProbability, { description: 'The best first.' }),
  milliseconds: Type.Number({ description: 'How long it took, from the bytes of the image to its classes.' }),
});

/** All classes of a model with few, otherwise so many. */
const fewClasses = 10;
const bestOfMany = 5;

/** The classes with the greatest probabilities, the greatest first. */
export function bestClasses(
  probabilities: Float32Array,
  classes: ModelDescription['classes'],
  top = classes.length <= fewClasses ? classes.length : bestOfMany,
): Static<typeof ClassProbability>[] {
  const order = Uint16Array.from(probabilities, (_, i) => i).sort(
    (a, b) => probabilities[b]! - probabilities[a]! || a - b,
  );
  return Array.from(order.subarray(0, top), (i) => ({ ...classes[i]!, probability: probabilities[i]! }));
}
