// model.json: what is published beside each network. The training pipeline writes it, this service serves it.
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

const Class = Type.Object({
  class: Type.Integer({ minimum: 0, description: 'Its place in the output.' }),
  label: Type.String(),
});

const CurvePoint = Type.Object(
  {
    epoch: Type.Integer(),
    step: Type.Integer(),
    steps: Type.Integer(),
    loss: Type.Number(),
    accuracy: Type.Optional(Type.Number({ description: 'At the end of an epoch: the share of test images.' })),
  },
  { description: 'A moment of the training.' },
);

const channels = Type.Array(Type.Number(), { minItems: 1, description: 'One for each channel.' });

/** How an image becomes the network's input: `(bytes / 255 - mean) / std`, channel by channel. */
export const InputDescription = Type.Object({
  name: Type.String(),
  shape: Type.Array(Nullable(Type.Integer({ minimum: 1 })), {
    minItems: 4,
    maxItems: 4,
    description: 'Images, channels, rows, columns; null for any number.',
  }),
  preparation: Type.Enum(['digit', 'photo'], { description: "As MNIST's authors did it, or as photos are." }),
  mean: channels,
  std: channels,
  resize: Type.Optional(Type.Integer({ minimum: 1, description: 'What the shorter side is scaled to.' })),
  crop: Type.Optional(Type.Integer({ minimum: 1, description: 'The side of the square that is cut from the centre.' })),
  interpolation: Type.Optional(Type.String()),
});

/** The content of model.json. What is not named here is served as it is. */
export const ModelDescription = Type.Object(
  {
    format: Type.Literal(1),
    name: Type.String({ pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 }),
    version: Type.Integer({ minimum: 1 }),
    dataset: Type.String(),
    type: Type.String(),
    title: Type.String(),
    classes: Type.Array(Class, { minItems: 1 }),
    input: InputDescription,
    output: Type.Object({ name: Type.String(), shape: Type.Array(Nullable(Type.Integer())) }),
    accuracy: Nullable(Type.Number({ minimum: 0, maximum: 1, description: 'The share of the test images.' })),
    test_images: Nullable(Type.Integer({ minimum: 0 })),
    confusion_matrix: Nullable(
      Type.Array(Type.Array(Type.Integer()), { description: 'Rows: the true class; columns: the predicted one.' }),
    ),
    training_curve: Nullable(Type.Array(CurvePoint)),
    samples: Type.Array(Type.Object({ label: Type.String(), image: Type.String({ description: 'A data URI.' }) })),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    bytes: Type.Integer({ minimum: 1 }),
    created_at: Type.String(),
    provenance: Type.Object({}, { description: 'Where the data and the network come from, and how it was trained.' }),
  },
  { description: 'A network that was published.' },
);

export type ModelDescription = Static<typeof ModelDescription>;

const validator = Compile(ModelDescription);

/**
 * Reads a model.json.
 * @param place the folders it lies in, which it has to name
 * @throws Error that says what is wrong with it
 */
export function parseModelDescription(json: string, place: { name: string; version: number }): ModelDescription {
  const value: unknown = JSON.parse(json);
  if (!validator.Check(value)) {
    const [first] = validator.Errors(value);
    throw new Error(`"${first?.instancePath.slice(1)}" ${first?.message}`);
  }
  const { name, version, classes, input, output } = value;
  if (name !== place.name || version !== place.version)
    throw new Error(`it is ${name} ${version}, in the folder of ${place.name} ${place.version}`);
  if (output.shape.length !== 2 || output.shape[1] !== classes.length)
    throw new Error(`its output is ${JSON.stringify(output.shape)}, which does not fit ${classes.length} classes`);
  const [, channelCount, rows, columns] = input.shape;
  if (channelCount == null || rows == null || columns == null) throw new Error('its input has an unknown size');
  if (input.mean.length !== channelCount || input.std.length !== channelCount)
    throw new Error(`it has not one mean and std for each of ${channelCount} channels`);
  if (input.preparation === 'digit' && JSON.stringify(input.shape.slice(1)) !== '[1,28,28]')
    throw new Error('digits are prepared as one channel of 28 × 28');
  const { preparation, crop = rows, resize = crop } = input;
  if (preparation === 'photo' && (channelCount !== 3 || rows !== crop || columns !== crop || resize < crop))
    throw new Error(`photos are prepared as 3 channels of ${crop} × ${crop}, cut from ${resize} × ${resize}`);
  return value;
}
