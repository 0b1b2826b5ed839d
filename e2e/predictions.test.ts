// The prediction backend as a client meets it: through Envoy, with the networks that the training Job has published.
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { ModelDescription } from '../prediction_service/model_store/model-description.ts';
import { digit, labels, largePicture } from '../prediction_service/testing/mnist-digits.ts';
import { formOf, pngOf } from '../prediction_service/testing/request-bodies.ts';
import type { Predictions } from '../prediction_service/views/prediction.ts';
import { ask, askJson } from './mesh.ts';

const imagesPerCall = 100;

/** The training Job may still be at work. */
beforeAll(async () => {
  await vi.waitFor(async () => expect((await ask('/models/mnist-cnn')).status).toBe(200), {
    timeout: 240_000,
    interval: 500,
  });
});

async function predict(
  path: string,
  body: string | Buffer<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Predictions> {
  const answer = await ask(path, { method: 'POST', body, headers });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Predictions;
}

/** Rows: what each of MNIST's test images is; columns: what a model takes it for. */
async function confusionOf(model: string): Promise<number[][]> {
  const confusion = Array.from({ length: 10 }, () => Array<number>(10).fill(0));
  for (let first = 0; first < labels.length; first += imagesPerCall) {
    const images = Array.from({ length: imagesPerCall }, (_, i) => ({ bytes: pngOf(digit(first + i)) }));
    const { body, headers } = formOf(images);
    const { predictions } = await predict(`/predict/${model}?top=1`, body, headers);
    for (const [i, { classes }] of predictions.entries()) confusion[labels[first + i]!]![classes[0]!.class]!++;
  }
  return confusion;
}

test.each(['mnist-ff', 'mnist-cnn'])("MNIST's 10,000 test images give exactly what is stated of %s", async (name) => {
  const { accuracy, test_images, confusion_matrix } = await askJson<ModelDescription>(`/models/${name}`);
  expect(test_images).toBe(labels.length);
  const confusion = await confusionOf(name);
  const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
  expect([right / labels.length, confusion]).toEqual([accuracy, confusion_matrix]);
});

describe('digits of any look', () => {
  test('that are large and dark on white are recognised as well', async () => {
    const count = 100;
    const images = await Promise.all(
      Array.from({ length: count }, async (_, i) => ({ bytes: await (await largePicture(i)).png().toBuffer() })),
    );
    const { body, headers } = formOf(images);
    const { predictions } = await predict('/predict', body, headers);
    const right = predictions.filter(({ classes }, i) => classes[0]!.class === labels[i]).length;
    expect(right).toBeGreaterThanOrEqual(95);
  });
});

test('the description of the interface is valid OpenAPI 3.1, and a page shows it', async () => {
  const description = await askJson<Record<string, unknown>>('/openapi.json');
  expect(await new Validator().validate(description)).toEqual({ valid: true });
  expect((await ask('/docs/')).headers.get('content-type')).toContain('text/html');
});

test('errors reach the client as they are', async () => {
  const answer = await ask('/predict', { method: 'POST', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' });
  expect([answer.status, answer.headers.get('content-type'), ((await answer.json()) as { code: string }).code]).toEqual(
    [415, 'application/problem+json; charset=utf-8', 'unsupported_image'],
  );
});
