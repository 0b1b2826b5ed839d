import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { frontFile } from '../web_tier/testing/front.ts';
import { call, httpManagerOf, type RealEnvoy, startEnvoy, validateEnvoyFile } from '../web_tier/testing/real-envoy.ts';
import { type StubUpstream, startStubUpstream } from '../web_tier/testing/stub-upstream.ts';

const sidecarFile = (tier: string) => new URL(`../${tier}_service/${tier}_tier_envoy.yaml`, import.meta.url);

describe.each([
  { tier: 'free', other: 'premium' },
  { tier: 'premium', other: 'free' },
])('The sidecar of the $tier tier', ({ tier, other }) => {
  const file = sidecarFile(tier);
  let service: StubUpstream;
  let envoy: RealEnvoy;

  beforeAll(async () => {
    service = await startStubUpstream(`${tier}-tier`);
    envoy = await startEnvoy({ file, upstreams: { '127.0.0.1:3000': service.port } });
  }, 60_000);
  afterAll(async () => {
    await envoy.stop();
    await service.stop();
  });

  test('is a file that Envoy accepts', async () => {
    await expect(validateEnvoyFile(file)).resolves.toBeUndefined();
  });

  test('hands on what is for its tier, as it is', async () => {
    const paths = [
      `/${tier}`,
      `/img-classification/${tier}`,
      `/${tier}/jobs/a/logs?follow=true`,
      `/${tier}/jobs/a/events`,
      `/${tier}/events`,
    ];
    for (const path of paths) {
      const headers = { 'x-request-id': 'made-by-the-front', 'x-forwarded-for': '203.0.113.7' };
      const { status, text } = await envoy.call({ path, headers });
      expect({ status, seen: JSON.parse(text) }).toMatchObject({ status: 200, seen: { path, headers } });
    }
  });

  test.each([`/${other}`, `/img-classification/${other}`, '/', `/${tier}dom`, '/config', `/${tier}/../${other}`])(
    'has nothing at %s',
    async (path) => {
      const { status, text } = await envoy.call({ path });
      expect({ status, code: JSON.parse(text).code }).toEqual({ status: 404, code: 'not_found' });
    },
  );

  test('answers the kubelet itself, at a port that nobody else uses, and the front for its service', async () => {
    for (const path of ['/healthz', '/livez']) {
      const { status, headers } = await call(envoy.probePort, { path });
      expect({ path, status, upstream: headers.upstream }).toEqual({ path, status: 200, upstream: undefined });
    }
    expect((await call(envoy.probePort, { path: `/${tier}/jobs` })).status).toBe(404);
    expect((await envoy.call({ path: '/healthz' })).status).toBe(404);
    expect((await envoy.call({ path: `/${tier}/healthz` })).headers.upstream).toBe(`${tier}-tier`);
  });

  test('fails both health checks while it drains, tells the front in every answer, and still serves', async () => {
    await envoy.admin('POST', '/healthcheck/fail');
    const probes = await Promise.all(['/healthz', '/livez'].map((path) => call(envoy.probePort, { path })));
    const answers = await Promise.all([`/${tier}/healthz`, `/${tier}`].map((path) => envoy.call({ path })));
    await envoy.admin('POST', '/healthcheck/ok');
    expect([...probes, ...answers].map(({ status }) => status)).toEqual([503, 200, 503, 200]);
    expect(answers[1]!.headers['x-envoy-immediate-health-check-fail']).toBe('true');
  });

  test('waits for a service that restarts, and gives it each request once', async () => {
    const { port } = service;
    await service.stop();
    const answers = Array.from({ length: 20 }, () => envoy.call({ method: 'POST', path: `/${tier}`, body: '{}' }));
    await setTimeout(500);
    service = await startStubUpstream(`${tier}-tier`, { port });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(service.seen).toHaveLength(20);
  }, 20_000);

  test('gives a call that waits for a change its minute, and ends it before the front does', async () => {
    const path = `/${tier}/jobs/[^/]+/?`;
    const [ours, fronts] = await Promise.all(
      [file, frontFile].map(async (each) => {
        const { routes } = httpManagerOf(parse(await readFile(each, 'utf8'))).route_config.virtual_hosts[0];
        const waits = routes.filter(({ match }: { match: { query_parameters?: object } }) => match.query_parameters);
        const { timeout } = waits.find(
          ({ match }: { match: { safe_regex: { regex: string } } }) => match.safe_regex.regex === path,
        ).route;
        return Number.parseInt(timeout, 10);
      }),
    );
    expect(ours).toBeGreaterThan(60);
    expect(fronts).toBeGreaterThan(ours!);
  });

  test('says of itself what the front says of itself, uploads aside, which no tier takes', async () => {
    const [ours, fronts] = await Promise.all(
      [file, frontFile].map(async (each) => {
        const { mappers } = httpManagerOf(parse(await readFile(each, 'utf8'))).local_reply_config;
        return mappers.filter((mapper: object) => !JSON.stringify(mapper).includes('/predict'));
      }),
    );
    expect(ours).toEqual(fronts);
  });
});

test('A sidecar lets 256 calls through at once, has 1,024 wait, and tells any others to come again', async () => {
  const waiting: (() => void)[] = [];
  const service = await startStubUpstream('free-tier', {
    answer: (_, response) => void waiting.push(() => response.end()),
  });
  const envoy = await startEnvoy({ file: sidecarFile('free'), upstreams: { '127.0.0.1:3000': service.port } });
  try {
    const calls = Array.from({ length: 1_400 }, () => envoy.call({ path: '/free/jobs' }));
    // The last of them are turned away at once; nobody else has an answer before the service gives one.
    await Promise.any(calls);
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(256);
    const release = setInterval(() => waiting.splice(0).forEach((end) => void end()), 20);
    const answers = await Promise.all(calls);
    clearInterval(release);
    const refused = answers.filter(({ status }) => status !== 200);
    // A call that waits for its connection counts as waiting too, so those may be 256 more.
    expect(refused.length).toBeGreaterThanOrEqual(1_400 - 256 - 1_024);
    expect(refused.length).toBeLessThanOrEqual(1_400 - 1_024);
    expect(service.seen).toHaveLength(1_400 - refused.length);
    for (const { status, headers, text } of refused) {
      expect({ status, retryAfter: headers['retry-after'], code: JSON.parse(text).code }).toEqual({
        status: 503,
        retryAfter: '1',
        code: 'service_unavailable',
      });
    }
  } finally {
    await envoy.stop();
    await service.stop();
  }
}, 60_000);

test.each(['_deployment.yaml', '-tier-service.yaml', '_tier_envoy.yaml'])(
  'The tiers differ in names alone: %s',
  async (ending) => {
    const [free, premium] = await Promise.all(
      ['free', 'premium'].map((tier) =>
        readFile(new URL(`../${tier}_service/${tier}${ending}`, import.meta.url), 'utf8'),
      ),
    );
    expect(premium).toBe(free!.replaceAll('free', 'premium'));
  },
);
