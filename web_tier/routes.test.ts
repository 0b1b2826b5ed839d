import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frontFile, startFront } from './testing/front.ts';
import { validateEnvoyFile } from './testing/real-envoy.ts';

let front: Awaited<ReturnType<typeof startFront>>;

beforeAll(async () => {
  front = await startFront();
}, 30_000);
afterAll(() => front.stop());

test('Envoy accepts the front proxy file', async () => {
  await expect(validateEnvoyFile(frontFile)).resolves.toBeUndefined();
});

describe('The front proxy', () => {
  test.each([
    ['/free', 'free-tier'],
    ['/free/', 'free-tier'],
    ['/free?x=/premium', 'free-tier'],
    ['/free/jobs', 'free-tier'],
    ['/free/jobs/free-job-template-1', 'free-tier'],
    ['/free/jobs/free-job-template-1/logs?follow=true', 'free-tier'],
    ['/free/jobs/free-job-template-1/events', 'free-tier'],
    ['/free/events', 'free-tier'],
    ['/free/docs/static/index.html', 'free-tier'],
    ['/img-classification/free', 'free-tier'],
    ['/premium', 'premium-tier'],
    ['/premium/jobs/premium-job-template-1/logs', 'premium-tier'],
    ['/premium/queue', 'premium-tier'],
    ['/img-classification/premium', 'premium-tier'],
    ['/config', 'grader-interface'],
    ['/config?pretty', 'grader-interface'],
    ['/cluster', 'grader-interface'],
    ['/cluster/events', 'grader-interface'],
    ['/free/logs', 'grader-interface'],
    ['/premium/logs', 'grader-interface'],
    ['/free/resource-quota', 'grader-interface'],
    ['/premium/resource-quota', 'grader-interface'],
    ['/', 'ml-frontend'],
    ['/?from=a-bookmark', 'ml-frontend'],
    ['/assets/index-B3x_9.js', 'ml-frontend'],
    ['/favicon.svg', 'ml-frontend'],
    ['/predict', 'ml-backend'],
    ['/predict/mnist-cnn?top=3', 'ml-backend'],
    ['/models', 'ml-backend'],
    ['/models/mnist-cnn', 'ml-backend'],
    ['/ping', 'ml-backend'],
    ['/docs', 'ml-backend'],
    ['/docs/static/index.html', 'ml-backend'],
    ['/openapi.json', 'ml-backend'],
  ])('sends %s to the %s', async (path, service) => {
    const { status, headers, text } = await front.call({ path });
    expect({ status, service: headers.upstream }).toEqual({ status: 200, service });
    expect(JSON.parse(text).path).toBe(path);
  });

  test.each([
    '/index.html',
    '/assets',
    '/favicon/x',
    '/predictions',
    '/modelsx',
    '/ping/x',
    '/pings',
    '/openapi-json',
    '/openapi.json/x',
    '/docsx',
    '/freedom',
    '/freedom/jobs',
    '/free-tier',
    '/FREE',
    '/premiums',
    '/img-classification',
    '/img-classification/freedom',
    '/img-classification/other',
    '/config/x',
    '/configs',
    '/cluster/x',
    '/clusters',
    '/healthz/x',
    '/metrics',
    '/stats',
  ])('has nothing at %s', async (path) => {
    const before = front.seen().length;
    const { status, headers, text } = await front.call({ path });
    expect({ status, type: headers['content-type'] }).toEqual({ status: 404, type: 'application/problem+json' });
    expect(JSON.parse(text)).toEqual({
      type: 'about:blank',
      title: 'There is nothing at this path',
      status: 404,
      code: 'not_found',
      detail: 'No service answers here.',
    });
    expect(front.seen()).toHaveLength(before);
  });

  test('keeps the logs of one job with its tier, and the newest log with the grader interface', async () => {
    const paths = ['/free/logs', '/free/logs/', '/free/jobs/logs', '/free/jobs/x/logs'];
    const services = await Promise.all(paths.map(async (path) => (await front.call({ path })).headers.upstream));
    expect(services).toEqual(['grader-interface', 'free-tier', 'free-tier', 'free-tier']);
  });

  test('answers for its own health itself', async () => {
    const before = front.seen().length;
    expect(await front.call({ path: '/healthz' })).toMatchObject({ status: 200, text: '' });
    expect((await front.call({ path: '/healthz?from=a-load-balancer' })).status).toBe(200);
    expect(front.seen()).toHaveLength(before);
  });

  test('hands a body on as it is, whatever it is called', async () => {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'x/y']) {
      const body = '{"dataset":"mnist"}';
      const { text } = await front.call({ method: 'POST', path: '/free', headers: { 'content-type': type }, body });
      expect(JSON.parse(text)).toMatchObject({
        method: 'POST',
        path: '/free',
        body,
        headers: { 'content-type': type },
      });
    }
  });

  test('gives each request an id, tells it to the service and to the client, and writes it down', async () => {
    const { headers, text } = await front.call({ path: '/free', headers: { 'x-request-id': 'chosen-by-the-client' } });
    const id = headers['x-request-id'] as string;
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(JSON.parse(text).headers['x-request-id']).toBe(id);
    await expect.poll(() => front.output()).toContain(id);
    const line = front
      .output()
      .split('\n')
      .find((each) => each.includes(id))!;
    expect(JSON.parse(line)).toMatchObject({
      request_id: id,
      method: 'GET',
      path: '/free',
      status: 200,
      upstream: 'free-tier',
    });
  });

  test('believes nobody who sends headers that steer Envoy, or speaks for another address', async () => {
    const { text } = await front.call({
      path: '/free',
      headers: {
        'x-envoy-retry-on': '5xx',
        'x-envoy-upstream-rq-timeout-ms': '1',
        'x-envoy-internal': 'true',
        'x-envoy-original-path': '/premium',
        'x-forwarded-for': '10.9.9.9',
      },
    });
    const { headers } = JSON.parse(text);
    const steering = Object.keys(headers).filter((name) => name.startsWith('x-envoy'));
    expect(steering).toEqual(['x-envoy-external-address']);
    expect(headers['x-forwarded-for']).toMatch(/^10\.9\.9\.9, ?(?!10\.9\.9\.9)[\d.]+$/);
  });
});
