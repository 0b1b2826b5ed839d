// For tests: a store of models, written as the training pipeline writes it.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ModelDescription } from '../model_store/model-description.ts';
import { writeLinearNetwork } from './onnx-file.ts';

export interface TestModel {
  name?: string;
  version?: number;
  /** What is added to each class's logit; the class with the most is sure to win where the image is black. */
  biases?: number[];
  /** Weights of each class; zero if left out. */
  weights?: number[][];
  /** How often the input is multiplied with the unit matrix first, which changes nothing but takes its time. */
  detours?: number;
  /** Changes model.json before it is written. */
  describe?: (description: ModelDescription) => object;
  /** Writes something else as model.onnx. */
  write?: (network: Buffer) => Buffer;
  /** Changes model.onnx after its checksum was taken. */
  damage?: (network: Buffer) => Buffer;
}

/** A store in a folder of its own, until the test is over. */
export function createTestStore() {
  const folder = mkdtempSync(join(tmpdir(), 'model-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    /** Publishes a network of one layer with ten classes. */
    publish: (model: TestModel = {}) => publish(folder, model),
    /** Takes a version, a model or, without either, the whole store away. */
    remove: (...parts: (string | number)[]) => rmSync(join(folder, ...parts.map(String)), { recursive: true }),
  };
}

function publish(store: string, model: TestModel): ModelDescription {
  const { name = 'mnist-cnn', version = 1, biases = Array(10).fill(0), damage = (network) => network } = model;
  const weights = model.weights ?? biases.map(() => Array<number>(784).fill(0));
  const { write = (network: Buffer) => network } = model;
  const network = write(writeLinearNetwork({ shape: [1, 28, 28], weights, biases, detours: model.detours ?? 0 }));
  const description: ModelDescription = {
    ...{ format: 1, name, version, dataset: 'mnist', type: 'linear', title: `Test ${name}` },
    classes: biases.map((_, i) => ({ class: i, label: `digit ${i}` })),
    input: { name: 'image', shape: [null, 1, 28, 28], preparation: 'digit', mean: [0], std: [1] },
    output: { name: 'logits', shape: [null, biases.length] },
    ...{ accuracy: null, test_images: null, confusion_matrix: null, training_curve: null, samples: [] },
    sha256: createHash('sha256').update(network).digest('hex'),
    ...{ bytes: network.length, created_at: '2026-01-02T03:04:05Z', provenance: {} },
  };
  const unfinished = join(store, name, `.${version}.tmp`);
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, 'model.onnx'), damage(network));
  writeFileSync(join(unfinished, 'model.json'), JSON.stringify(model.describe?.(description) ?? description));
  renameSync(unfinished, join(store, name, String(version)));
  return description;
}
