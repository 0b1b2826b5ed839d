import { expect, test } from 'vitest';
import { groupModels } from './model-groups.ts';
import type { ModelDescription } from './predictions.ts';

function model(dataset: string, type: string, accuracy: number | null, title: string): ModelDescription {
  const preparation = dataset === 'imagenet' ? 'photo' : 'digit';
  return { name: `${dataset}-${type}`, dataset, accuracy, title, input: { preparation } } as ModelDescription;
}

test('models are grouped by dataset: handwriting in the order of the mesh, photos last, the most accurate first', () => {
  const models = [
    model('imagenet', 'efficientnet-lite0', null, 'ImageNet, EfficientNet-Lite0'),
    model('kmnist', 'ff', 0.9, 'KMNIST, feed-forward network'),
    model('letters', 'ff', 0.9, 'Letters, feed-forward network'),
    model('mnist', 'ff', 0.97, 'MNIST, feed-forward network'),
    model('mnist', 'cnn', 0.99, 'MNIST, convolutional network'),
  ];
  expect(groupModels(models).map(({ title, models: members }) => [title, members.map(({ name }) => name)])).toEqual([
    ['MNIST', ['mnist-cnn', 'mnist-ff']],
    ['KMNIST', ['kmnist-ff']],
    ['Letters', ['letters-ff']],
    ['Photos', ['imagenet-efficientnet-lite0']],
  ]);
});
