import { expect, test } from 'vitest';
import { startTestService } from './testing/test-service.ts';

const black = Array.from({ length: 28 }, () => Array(28).fill(0));
const biases = [0, 0, 0, 5, 0, 0, 0, 0, 0, 4];

test('an image is answered with the model, its version and all classes, the best first', async () => {
  const { post } = await startTestService({ models: [{ biases, version: 4 }] });
  const answer = await post({ image: black });
  const { predictions, ...rest } = answer.json();
  expect([answer.statusCode, rest]).toEqual([200, { model: 'mnist-cnn', version: 4 }]);
  const sum = Math.exp(5) + Math.exp(4) + 8;
  const classes = [3, 9, 0, 1, 2, 4, 5, 6, 7, 8].map((i) => ({
    ...{ class: i, label: `digit ${i}` },
    probability: expect.closeTo(Math.exp(biases[i]!) / sum, 6),
  }));
  expect(predictions).toEqual([{ classes, milliseconds: expect.any(Number) }]);
});

test('without a model every call that needs one is 503 with Retry-After, and the service is alive', async () => {
  const { inject, post, store } = await startTestService({ models: [] });
  for (const answer of [
    await inject({ url: '/models' }),
    await inject({ url: '/models/mnist-cnn' }),
    await post({ image: black }),
    await post({ image: black }, '/predict/mnist-cnn'),
  ]) {
    const { code } = answer.json();
    expect([answer.statusCode, code, Number(answer.headers['retry-after']) > 0]).toEqual([503, 'not_ready', true]);
  }
  expect((await inject({ url: '/ping' })).json()).toEqual({ status: 'ok' });
  store.publish({ biases });
  await expect.poll(async () => (await post({ image: black })).statusCode, { timeout: 10_000 }).toBe(200);
});

test('an upload that stands still is answered before its connection is ended for that', async () => {
  const { app } = await startTestService();
  expect(app.server.requestTimeout).toBe(30_000);
  // The one is looked at once a second.
  expect(app.server.timeout).toBeGreaterThan(app.server.requestTimeout + 2_000);
});
