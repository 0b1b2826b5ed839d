import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { listErrors, loadClients } from '@ml-job-mesh/http-service';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { limits } from '../limits.ts';
import { digit, largePicture, picture } from '../testing/mnist-digits.ts';
import { chunk, formOf, pngOf } from '../testing/request-bodies.ts';
import { startTestService } from '../testing/test-service.ts';

/** The class is the brightest of ten pixels in the middle row, so that each image tells which one it was. */
const weights = Array.from({ length: 10 }, (_, i) =>
  Array.from({ length: 784 }, (_, p) => (p === 14 * 28 + i ? 20 : 0)),
);
const models = [{ weights }];
const rows = (pixels: Uint8Array) => Array.from({ length: 28 }, (_, y) => [...pixels.subarray(y * 28, (y + 1) * 28)]);

/** An image that the network above takes for a class. */
function imageOf(classNumber: number): Uint8Array {
  const pixels = new Uint8Array(784);
  pixels[14 * 28 + classNumber] = 255;
  return pixels;
}

type Answer = Awaited<ReturnType<Awaited<ReturnType<typeof startTestService>>['post']>>;
const bestOf = (answer: Answer) =>
  answer.json().predictions.map(({ classes }: { classes: { class: number }[] }) => classes[0]!.class);

describe('an image is taken in any form', () => {
  test.each([
    ['image/png'],
    ['application/octet-stream'],
    ['application/x-www-form-urlencoded'],
    ['image/*'],
    ['nonsense'],
    [''],
  ])('as bytes under the media type "%s"', async (label) => {
    const { post } = await startTestService({ models });
    const headers: Record<string, string> = label === '' ? {} : { 'content-type': label };
    expect(bestOf(await post(pngOf(imageOf(3)), '/predict', headers))).toEqual([3]);
  });

  test('as pixels, one image or several', async () => {
    const { post } = await startTestService({ models });
    expect(bestOf(await post({ image: rows(imageOf(4)) }))).toEqual([4]);
    expect(bestOf(await post(`\ufeff${JSON.stringify({ image: rows(imageOf(8)) })}`))).toEqual([8]);
    expect(bestOf(await post({ images: [2, 1, 6].map((each) => rows(imageOf(each))) }))).toEqual([2, 1, 6]);
  });

  test('as files of a form, in their order, whatever they are called', async () => {
    const { post } = await startTestService({ models });
    const { body, headers } = formOf([5, 0, 9].map((each) => ({ bytes: pngOf(imageOf(each)), type: 'image/png' })));
    expect(bestOf(await post(body, '/predict/mnist-cnn', headers))).toEqual([5, 0, 9]);
  });
});

test('?top says how many classes are answered, and ?preview shows what the network saw', async () => {
  const { post } = await startTestService({ models });
  const body = await (await largePicture(0)).png().toBuffer();
  const [prediction] = (await post(body, '/predict?top=2&preview=true')).json().predictions;
  expect(prediction.classes).toHaveLength(2);
  const [type, base64] = prediction.input.split(',');
  expect(type).toBe('data:image/png;base64');
  const file = sharp(Buffer.from(base64, 'base64')).toColourspace('b-w');
  const { data, info } = await file.raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([28, 28, 1]);
  expect(data.reduce((sum, value, i) => sum + Math.abs(value - digit(0)[i]!), 0) / 784).toBeLessThan(13);
});

const half = (file: Buffer) => file.subarray(0, file.length / 2);
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"/>';
/** 62 kB that become 64 MB. */
const bomb = pngOf(new Uint8Array(64_000_000), 8_000, 8_000);
const broken: [string, () => Promise<Buffer | string> | Buffer | string, number, string, Record<string, string>?][] = [
  ['no body', () => '', 400, 'invalid_request'],
  ['text', () => 'hello', 415, 'unsupported_image'],
  ['SVG', () => svg, 415, 'unsupported_image'],
  ['SVG that says it is a PNG', () => svg, 415, 'unsupported_image', { 'content-type': 'image/png' }],
  ['SVG behind a declaration', () => `\ufeff <?xml version="1.0"?>${svg}`, 415, 'unsupported_image'],
  ['BMP', () => Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]), 415, 'unsupported_image'],
  ['PDF', () => '%PDF-1.7', 415, 'unsupported_image'],
  ['a PNG labelled as JPEG', () => pngOf(imageOf(1)), 415, 'unsupported_image', { 'content-type': 'image/jpeg' }],
  [
    'a JPEG labelled as PNG',
    () => picture(0).jpeg().toBuffer(),
    415,
    'unsupported_image',
    { 'content-type': 'image/png' },
  ],
  ['half a PNG', () => half(pngOf(imageOf(1))), 422, 'unreadable_image'],
  ['half a JPEG', async () => half(await (await largePicture(0)).jpeg().toBuffer()), 422, 'unreadable_image'],
  ['half a GIF', async () => half(await (await largePicture(0)).gif().toBuffer()), 422, 'unreadable_image'],
  ['half a WebP', async () => half(await (await largePicture(0)).webp().toBuffer()), 422, 'unreadable_image'],
  ['half a TIFF', async () => half(await (await largePicture(0)).tiff().toBuffer()), 422, 'unreadable_image'],
  ['the first bytes of a PNG alone', () => Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 422, 'unreadable_image'],
  ['a decompression bomb', () => bomb, 413, 'image_too_large'],
  ['JSON that ends early', () => '{"image": [[0', 400, 'invalid_request'],
  ['JSON without an image', () => '{}', 400, 'invalid_request'],
  ['both image and images', () => JSON.stringify({ image: [], images: [] }), 400, 'invalid_request'],
  ['a list', () => '[1, 2]', 400, 'invalid_request'],
  ['no images', () => '{"images": []}', 400, 'invalid_request'],
  ['images that are no list', () => '{"images": {"0": 1}}', 400, 'invalid_request'],
  ['ragged rows', () => JSON.stringify({ image: rows(imageOf(1)).with(3, [1, 2]) }), 400, 'invalid_request'],
  ['27 rows', () => JSON.stringify({ image: rows(imageOf(1)).slice(1) }), 400, 'invalid_request'],
  [
    'strings',
    () => JSON.stringify({ image: rows(imageOf(1)).with(0, Array(28).fill('0') as never) }),
    400,
    'invalid_request',
  ],
  [
    'null',
    () => JSON.stringify({ image: rows(imageOf(1)).with(0, Array(28).fill(null) as never) }),
    400,
    'invalid_request',
  ],
  ['NaN', () => `{"image": [[NaN]]}`, 400, 'invalid_request'],
  ['fractions', () => JSON.stringify({ image: rows(imageOf(1)).with(0, Array(28).fill(0.5)) }), 400, 'invalid_request'],
  ['256', () => JSON.stringify({ image: rows(imageOf(1)).with(0, Array(28).fill(256)) }), 400, 'invalid_request'],
  ['-1', () => JSON.stringify({ image: rows(imageOf(1)).with(0, Array(28).fill(-1)) }), 400, 'invalid_request'],
  ['a form without a boundary', () => 'x', 400, 'invalid_request', { 'content-type': 'multipart/form-data' }],
  [
    'a form that ends early',
    () => formOf([{ bytes: pngOf(imageOf(1)) }]).body.subarray(0, 90),
    400,
    'invalid_request',
    formOf([]).headers,
  ],
  ['an empty form', () => formOf([]).body, 400, 'invalid_request', formOf([]).headers],
  [
    'a form with an empty file',
    () => formOf([{ bytes: Buffer.alloc(0) }]).body,
    422,
    'unreadable_image',
    formOf([]).headers,
  ],
];

test.each(broken)('%s: a problem that says what is wrong', async (_, write, status, code, headers = {}) => {
  const { post } = await startTestService({ models });
  const answer = await post(await write(), '/predict', headers);
  const { title } = listErrors().find((each) => each.code === code)!;
  expect([answer.statusCode, answer.headers['content-type'], answer.json()]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
    { type: 'about:blank', title, status, code, detail: expect.stringMatching(/\w{3}/) },
  ]);
});

test('of several images, it is said which one is wrong', async () => {
  const { post } = await startTestService({ models });
  const { body, headers } = formOf([{ bytes: pngOf(imageOf(1)) }, { bytes: Buffer.from(svg) }]);
  const answer = await post(body, '/predict', headers);
  expect([answer.statusCode, answer.json().detail]).toEqual([
    415,
    'image 2: SVG is not read; send PNG, JPEG, WebP, GIF, TIFF',
  ]);
});

test.each([
  ['/predict?top=0', 'the query parameter "top" must be >= 1'],
  ['/predict?top=x', 'the query parameter "top" must be integer'],
  ['/predict?tpo=1', 'this call has no query parameter "tpo"'],
])('%s is refused', async (url, detail) => {
  const { post } = await startTestService({ models });
  const answer = await post(pngOf(imageOf(1)), url);
  expect([answer.statusCode, answer.json().detail]).toEqual([400, detail]);
});

test('more than the images or the bytes of a call are refused', async () => {
  const { post } = await startTestService({ models });
  const most = formOf(Array.from({ length: limits.imagesPerCall }, () => ({ bytes: pngOf(imageOf(1)) })));
  expect((await post(most.body, '/predict', most.headers)).statusCode).toBe(200);
  const more = formOf(Array.from({ length: limits.imagesPerCall + 1 }, () => ({ bytes: pngOf(imageOf(1)) })));
  expect((await post(more.body, '/predict', more.headers)).json().code).toBe('invalid_request');
  const images = Array.from({ length: limits.imagesPerCall + 1 }, () => rows(imageOf(1)));
  expect((await post({ images })).json().code).toBe('invalid_request');
  const tooLong = await post(Buffer.alloc(limits.bodyBytes + 1));
  expect([tooLong.statusCode, tooLong.json().detail]).toEqual([
    413,
    'the body is larger than 16 MiB, which is the most that this call takes',
  ]);
  const longJson = await post(`{"image": ${' '.repeat(limits.jsonBytes)}[]}`);
  expect([longJson.statusCode, longJson.json().code]).toEqual([413, 'body_too_large']);
});

test('a form of small files with more pixels than a call may have is refused, and one with as many is answered', async () => {
  const { post } = await startTestService({ models });
  const [width, height] = [5_000, 5_000];
  const background = { r: 0, g: 0, b: 0 };
  const file = await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
  const most = limits.pixelsPerCall / (width * height);
  const form = (count: number) => formOf(Array(count).fill({ bytes: file }));
  const refused = await post(form(100).body, '/predict', form(100).headers);
  expect([refused.statusCode, refused.json()]).toEqual([
    413,
    {
      type: 'about:blank',
      ...{ title: 'The image is too large', status: 413, code: 'image_too_large' },
      detail: `image ${most + 1}: the images of the call have more than 100 million pixels together; send them in parts`,
    },
  ]);
  const answer = await post(form(most).body, '/predict', form(most).headers);
  expect([answer.statusCode, answer.json().predictions.length]).toEqual([200, most]);
}, 30_000);

test.each([
  ['without anything', '--X\r\n\r\n\r\n'],
  ['that are no files', '--X\r\nA: b\r\n\r\n\r\n'],
  ['that are empty files', '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'],
])('a form of very many parts %s is refused at the first that is too many', async (_, part) => {
  const { post } = await startTestService({ models });
  const headers = { 'content-type': 'multipart/form-data; boundary=X' };
  const answer = await post(Buffer.alloc(1_024 ** 2, part), '/predict', headers);
  expect([answer.statusCode, answer.json().detail]).toEqual([400, 'the form has more than the 100 images of a call']);
});

test('of an animation the first frame counts, and one of too many frames is refused', async () => {
  const { post } = await startTestService({ models });
  const animation = (frames: number) =>
    sharp(Buffer.concat(Array.from({ length: frames }, (_, i) => imageOf(i % 10))), {
      raw: { width: 28, height: 28 * frames, channels: 1, pageHeight: 28 },
    })
      .gif({ loop: 0, delay: Array(frames).fill(100) })
      .toBuffer();
  expect((await sharp(await animation(3)).metadata()).pages).toBe(3);
  expect(bestOf(await post(await animation(3)))).toEqual([0]);
  const answer = await post(await animation(limits.frames + 1));
  expect([answer.statusCode, answer.json().code]).toEqual([413, 'image_too_large']);
});

test('where API keys are on, everything but health and documentation needs one, even before there are models', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'keys'), `ann:${createHash('sha256').update('key-of-ann').digest('hex')}\n`);
  const clients = loadClients(join(folder, 'keys'));
  const { inject, post } = await startTestService({ models, clients });
  for (const url of ['/models', '/models/mnist-cnn']) {
    expect((await inject({ url })).statusCode).toBe(401);
    expect((await inject({ url, headers: { 'x-api-key': 'key-of-ann' } })).statusCode).toBe(200);
  }
  const body = pngOf(imageOf(1));
  const refused = await post(body);
  expect([refused.statusCode, refused.headers['www-authenticate']]).toEqual([401, 'Bearer realm="ml-job-mesh"']);
  expect((await post(body, '/predict', { authorization: 'Bearer key-of-ann' })).statusCode).toBe(200);
  for (const url of ['/ping', '/openapi.json', '/docs/']) expect((await inject({ url })).statusCode).toBe(200);
  expect((await (await startTestService({ models: [], clients })).post(body)).statusCode).toBe(401);
});

test('an answer carries the id of its request', async () => {
  const { post } = await startTestService({ models });
  expect((await post('hello', '/predict', { 'x-request-id': 'abc-1' })).headers['x-request-id']).toBe('abc-1');
});

test('a PNG whose data is damaged is left to libvips to name', async () => {
  const { post } = await startTestService({ models });
  const wrongLength = Buffer.concat([
    pngOf(new Uint8Array(0)).subarray(0, 33),
    chunk('IDAT', deflateSync(Buffer.alloc(100))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  expect((await post(wrongLength)).json().code).toBe('unreadable_image');
});
