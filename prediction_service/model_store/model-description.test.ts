import { readFileSync } from 'node:fs';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { parseModelDescription } from './model-description.ts';

const place = { name: 'mnist-cnn', version: 1 };
const row = Array<number>(10).fill(0);
const valid = {
  ...{ format: 1, ...place, dataset: 'mnist', type: 'cnn', title: 'A network', accuracy: 0.9, test_images: 100 },
  classes: row.map((_, i) => ({ class: i, label: String(i) })),
  input: { name: 'image', shape: [null, 1, 28, 28], preparation: 'digit', mean: [0], std: [1] },
  output: { name: 'logits', shape: [null, 10] },
  confusion_matrix: row.map(() => row),
  training_curve: [{ epoch: 1, step: 1, steps: 100, loss: 0.5, accuracy: 0.9 }],
  samples: [{ label: '7', image: 'data:image/png;base64,iVBORw0K' }],
  ...{ sha256: '0'.repeat(64), bytes: 1, created_at: '2026-01-02T03:04:05Z' },
  provenance: {
    data: { source: null, train_images: null, test_images: null, note: null },
    ...{ recipe: {}, software: {}, licence: null, source: null },
  },
};

const parse = (changes: object) => parseModelDescription(JSON.stringify({ ...valid, ...changes }), place);
const schemaFile = new URL('../../model_config/model_store/model.schema.json', import.meta.url);
const writersSchema = Compile(JSON.parse(readFileSync(schemaFile, 'utf8')));

test('what is valid by the schema of those who write it is read', () => {
  expect(writersSchema.Check(valid)).toBe(true);
  for (const created_at of ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.678+02:00'])
    expect(parse({ created_at })).toEqual({ ...valid, created_at });
  expect(parse({ confusion_matrix: null, samples: [] })).toMatchObject({ confusion_matrix: null, samples: [] });
});

const [point] = valid.training_curve;

test.each([
  ['a time in words', { created_at: 'yesterday' }, 'created_at'],
  ['a sample from elsewhere', { samples: [{ label: '7', image: 'https://other.example/7.png' }] }, 'samples/0/image'],
  ['a sample that is a page', { samples: [{ label: '7', image: 'data:text/html;base64,AA' }] }, 'samples/0/image'],
  ['a negative count', { confusion_matrix: [[-1]] }, 'confusion_matrix'],
  ['no test images', { test_images: 0 }, 'test_images'],
  ['an accuracy in per cent', { training_curve: [{ ...point, accuracy: 97 }] }, 'training_curve'],
  ['a deviation of zero', { input: { ...valid.input, std: [0] } }, 'input/std'],
  ['an unknown interpolation', { input: { ...valid.input, interpolation: 'x' } }, 'input/interpolation'],
  ['a class without a label', { classes: [{ class: 0, label: '' }] }, 'classes'],
])('%s is refused, as it is by the schema of those who write it', (_, changes, why) => {
  expect(() => parse(changes)).toThrow(why);
  expect(writersSchema.Check({ ...valid, ...changes })).toBe(false);
});

test.each([
  ['a time that there is not', { created_at: '2026-13-02T03:04:05Z' }, 'there is no such time'],
  ['classes in another order', { classes: valid.classes.toReversed() }, 'not numbered from 0'],
  ['a matrix of too few rows', { confusion_matrix: [row] }, 'not 10 × 10'],
  ['a matrix of too long rows', { confusion_matrix: row.map(() => [...row, 0]) }, 'not 10 × 10'],
])('%s is refused', (_, changes, why) => {
  expect(() => parse(changes)).toThrow(why);
});
