// What browsers are told about the page, and about everything else.
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frontHosts, startFront } from './testing/front.ts';
import { startStubUpstream } from './testing/stub-upstream.ts';

const everywhere = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-resource-policy': 'same-origin',
};

describe('The front proxy', () => {
  let front: Awaited<ReturnType<typeof startFront>>;
  beforeAll(async () => {
    front = await startFront();
  }, 30_000);
  afterAll(() => front.stop());

  test.each(['/', '/assets/index.js', '/favicon.svg'])('lets %s use its own files alone', async (path) => {
    const { headers } = await front.call({ path });
    expect(headers).toMatchObject({
      ...everywhere,
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'cross-origin-embedder-policy': 'require-corp',
    });
  });

  test.each(['/free/jobs', '/free/docs/', '/config', '/models', '/docs'])(
    'lets no other site put %s into a frame, and leaves its pages their own scripts and styles',
    async (path) => {
      const { headers } = await front.call({ path });
      expect(headers).toMatchObject({ ...everywhere, 'content-security-policy': "frame-ancestors 'none'" });
      expect(headers['cross-origin-embedder-policy']).toBeUndefined();
    },
  );

  // Browsers ignore it over plain HTTP, with an error in the console of every page.
  test.each(['/', '/free/docs/'])('does not tell %s of an opener policy', async (path) => {
    const { headers } = await front.call({ path });
    expect(headers['cross-origin-opener-policy']).toBeUndefined();
  });

  test('says the same where it answers in the place of a service', async () => {
    const options = { method: 'POST', path: '/predict', headers: { 'content-length': `${17_000_000}` } };
    const { status, headers } = await front.call(options);
    expect({ status, headers }).toMatchObject({
      status: 413,
      headers: { ...everywhere, 'content-security-policy': "frame-ancestors 'none'" },
    });
  });
});

test("A service's own policy for its page is kept, and the page's policy is the front's alone", async () => {
  const strict = { 'content-security-policy': "default-src 'self'", 'x-content-type-options': 'sniff' };
  const answer: RequestListener = (_, response) => void response.writeHead(200, strict).end();
  const [backend, page] = await Promise.all([
    startStubUpstream('ml-backend', { answer }),
    startStubUpstream('ml-frontend', { answer }),
  ]);
  const front = await startFront({ upstreams: { [frontHosts.backend]: backend.port, [frontHosts.page]: page.port } });
  const [docs, index] = await Promise.all(['/docs', '/'].map((path) => front.call({ path })));
  await Promise.all([front.stop(), backend.stop(), page.stop()]);
  expect(docs!.headers).toMatchObject({ ...everywhere, 'content-security-policy': "default-src 'self'" });
  expect(index!.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
});
