// model.json: what is published beside each network. The training pipeline writes it, this service serves it.
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

const Text = Type.String({ minLength: 1 });

const Class = Type.Object({
  class: Type.Integer({ minimum: 0, description: 'Its place in the output.' }),
  label: Text,
});

const CurvePoint = Type.Object(
  {
    epoch: Type.Integer({ minimum: 1 }),
    step: Type.Integer({ minimum: 1 }),
    steps: Type.Integer({ minimum: 1 }),
    loss: Type.Number(),
    accuracy: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'At the end of an epoch: the share of test images.' }),
    ),
  },
  { description: 'A moment of the training.' },
);

const Sample = Type.Object({
  label: Text,
  // The page shows it: nothing may be fetched from elsewhere.
  image: Type.String({ pattern: '^data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*$', description: 'A data URI.' }),
});

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
  std: Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 1, description: 'One for each channel.' }),
  resize: Type.Optional(Type.Integer({ minimum: 1, description: 'What the shorter side is scaled to.' })),
  crop: Type.Optional(Type.Integer({ minimum: 1, description: 'The side of the square that is cut from the centre.' })),
  interpolation: Type.Optional(Type.Enum(['bilinear', 'bicubic'])),
});

const rfc3339 = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$';

/** The content of model.json, as `model_config/model_store/model.schema.json` has it. What is not named here is served as it is. */
export const ModelDescription = Type.Object(
  {
    format: Type.Literal(1),
    name: Type.String({ pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 }),
    version: Type.Integer({ minimum: 1 }),
    dataset: Text,
    type: Text,
    title: Text,
    classes: Type.Array(Class, { minItems: 2, description: 'In the order of the output.' }),
    input: InputDescription,
    output: Type.Object({ name: Type.String(), shape: Type.Array(Nullable(Type.Integer())) }),
    accuracy: Nullable(Type.Number({ minimum: 0, maximum: 1, description: 'The share of the test images.' })),
    test_images: Nullable(Type.Integer({ minimum: 1 })),
    confusion_matrix: Nullable(
      Type.Array(Type.Array(Type.Integer({ minimum: 0 })), {
        description: 'Rows: the true class; columns: the predicted one.',
      }),
    ),
    training_curve: Nullable(Type.Array(CurvePoint)),
    samples: Type.Array(Sample),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    bytes: Type.Integer({ minimum: 1 }),
    created_at: Type.String({ pattern: rfc3339, description: 'RFC 3339.' }),
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
  const { name, version } = value;
  if (name !== place.name || version !== place.version)
    throw new Error(`it is ${name} ${version}, in the folder of ${place.name} ${place.version}`);
  checkClasses(value);
  checkInput(value);
  if (Number.isNaN(Date.parse(value.created_at))) throw new Error(`there is no such time as ${value.created_at}`);
  return value;
}

function checkClasses({ classes, output, confusion_matrix: matrix }: ModelDescription): void {
  const count = classes.length;
  if (classes.some((each, i) => each.class !== i))
    throw new Error('its classes are not numbered from 0 in their order');
  if (output.shape.length !== 2 || output.shape[1] !== count)
    throw new Error(`its output is ${JSON.stringify(output.shape)}, which does not fit ${count} classes`);
  if (matrix && (matrix.length !== count || matrix.some((row) => row.length !== count)))
    throw new Error(`its confusion matrix is not ${count} × ${count}`);
}

function checkInput({ input }: ModelDescription): void {
  const [, channelCount, rows, columns] = input.shape;
  if (channelCount == null || rows == null || columns == null) throw new Error('its input has an unknown size');
  if (input.mean.length !== channelCount || input.std.length !== channelCount)
    throw new Error(`it has not one mean and std for each of ${channelCount} channels`);
  if (input.preparation === 'digit' && JSON.stringify(input.shape.slice(1)) !== '[1,28,28]')
    throw new Error('digits are prepared as one channel of 28 × 28');
  const { preparation, crop = rows, resize = crop } = input;
  if (preparation === 'photo' && (channelCount !== 3 || rows !== crop || columns !== crop || resize < crop))
    throw new Error(`photos are prepared as 3 channels of ${crop} × ${crop}, cut from ${resize} × ${resize}`);
}
