import { expect, test } from 'vitest';
import type { ModelDescription } from '../api/predictions.ts';
import { describeOrigin, groupFacts, lossCurve } from './model-parts.ts';

const model = {
  created_at: '2026-11-21T07:00:00Z',
  bytes: 437_522,
  sha256: `9a58${'0'.repeat(56)}1080`,
  training_curve: [
    { epoch: 1, step: 300, steps: 600, loss: 0.5 },
    { epoch: 2, step: 600, steps: 600, loss: 0.1 },
  ],
  provenance: { recipe: { epochs: 2, seed: 1 } },
} as unknown as ModelDescription;

test('a model is told in one line, with what is known of it', () => {
  expect(describeOrigin(model)).toBe('made 2026-11-21, 2 epochs, seed 1 · 438 kB ONNX · sha256 9a58…1080');
  expect(describeOrigin({ ...model, provenance: {} })).toBe('made 2026-11-21 · 438 kB ONNX · sha256 9a58…1080');
});

test('the curve goes over epochs; a network without one has none', () => {
  expect(lossCurve(model)).toEqual({
    points: [
      { x: 0.5, y: 0.5 },
      { x: 2, y: 0.1 },
    ],
    epochs: 2,
  });
  expect(lossCurve({ ...model, training_curve: null })).toEqual({ points: [], epochs: 0 });
});

test('provenance is shown whatever it holds, and what is unknown is left out', () => {
  const provenance = {
    data: { source: 'https://example.org/', train_images: 60_000, note: null },
    recipe: { seed: 1, augmentation: { shift: 2, rotate: 10 }, layers: [16, 32] },
    licence: 'MIT',
    note: null,
  };
  expect(groupFacts(provenance)).toEqual([
    { title: 'General', facts: [{ name: 'Licence', value: 'MIT' }] },
    {
      title: 'Data',
      facts: [
        { name: 'Source', value: 'https://example.org/' },
        { name: 'Train images', value: '60,000' },
      ],
    },
    {
      title: 'Recipe',
      facts: [
        { name: 'Seed', value: '1' },
        { name: 'Augmentation', value: 'shift 2, rotate 10' },
        { name: 'Layers', value: '16, 32' },
      ],
    },
  ]);
});
