import { ServiceError } from '@ml-job-mesh/http-service';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOf, readJobRequest } from './job-request.ts';

function refusal(body: string): string {
  try {
    readJobRequest(body);
  } catch (error) {
    if (error instanceof ServiceError && error.status === 400) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(body)} was not refused`);
}

describe('a body is read for what it is', () => {
  const mnist = { dataset: 'mnist', epochs: 5, pretrained: false };
  test.each([
    ['JSON', '{"dataset":"mnist"}', mnist],
    ['JSON with space around it', ' \n{ "dataset" : "mnist" }\n', mnist],
    ['JSON with a byte order mark', '\uFEFF{"dataset":"mnist"}', mnist],
    [
      'JSON with every field',
      '{"dataset":"kmnist","epochs":3,"pretrained":true}',
      { dataset: 'kmnist', epochs: 3, pretrained: true },
    ],
    ['JSON with fields that are not known', '{"dataset":"mnist","image":"evil","constructor":1}', mnist],
    ['a form', 'dataset=mnist', mnist],
    [
      'a form with every field',
      'dataset=kmnist&epochs=20&pretrained=true',
      { dataset: 'kmnist', epochs: 20, pretrained: true },
    ],
  ])('%s', (_, body, choices) => {
    expect(readJobRequest(body)).toEqual(choices);
  });
});

describe('a body that cannot be used is refused with what was wrong and what is allowed', () => {
  test.each([
    ['', 'the body is empty; send JSON such as {"dataset":"mnist"}'],
    ['{}', '"dataset" is missing; it has to be one of "mnist", "kmnist"'],
    ['{"dataset":"cifar"}', '"dataset" is "cifar"; it has to be one of "mnist", "kmnist"'],
    ['{"dataset":null}', '"dataset" is null; it has to be one of "mnist", "kmnist"'],
    ['{"dataset":["mnist"]}', '"dataset" is ["mnist"]; it has to be one of "mnist", "kmnist"'],
    ['{"dataset":"mnist","epochs":0}', '"epochs" is 0; it has to be a whole number from 1 to 20'],
    ['{"dataset":"mnist","epochs":21}', '"epochs" is 21; it has to be a whole number from 1 to 20'],
    ['{"dataset":"mnist","epochs":2.5}', '"epochs" is 2.5; it has to be a whole number from 1 to 20'],
    ['{"dataset":"mnist","epochs":"3"}', '"epochs" is "3"; it has to be a whole number from 1 to 20'],
    ['{"dataset":"mnist","pretrained":"yes"}', '"pretrained" is "yes"; it has to be true or false'],
    ['dataset=mnist&epochs=many', '"epochs" is "many"; it has to be a whole number from 1 to 20'],
    ['["mnist"]', 'the body is not a JSON object; send one such as {"dataset":"mnist"}'],
    ['"mnist"', 'the body is not a JSON object; send one such as {"dataset":"mnist"}'],
    ['mnist', 'the body is neither JSON nor a form; send JSON such as {"dataset":"mnist"}'],
    ['{"dataset":"mnist"', 'the body is neither JSON nor a form; send JSON such as {"dataset":"mnist"}'],
  ])('%s', (body, message) => {
    expect(refusal(body)).toBe(message);
  });
});

test('whatever is sent, it is read as allowed choices or refused as a bad request', () => {
  const anyBody = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ dataset: fc.anything(), epochs: fc.anything() }).map((value) => JSON.stringify(value) ?? ''),
  );
  fc.assert(
    fc.property(anyBody, (body) => {
      try {
        const { dataset, epochs, pretrained } = readJobRequest(body);
        expect(['mnist', 'kmnist']).toContain(dataset);
        expect(Number.isInteger(epochs) && epochs >= 1 && epochs <= 20).toBe(true);
        expect(typeof pretrained).toBe('boolean');
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
      }
    }),
  );
});

test('the same request has the same hash however it is written, and another request another', () => {
  const hash = (body: string) => hashOf(readJobRequest(body));
  expect(hash('dataset=mnist&epochs=5')).toBe(hash('{"pretrained":false,"dataset":"mnist"}'));
  expect(hash('{"dataset":"mnist"}')).not.toBe(hash('{"dataset":"mnist","epochs":4}'));
});
