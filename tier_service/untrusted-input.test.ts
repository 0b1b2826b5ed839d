// Whatever a client sends, the Job that reaches the API server is the template but for the fields that are allowed.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { datasets } from './state/datasets.ts';
import type { Job } from './state/kubernetes-objects.ts';
import { jobs, startTestTier } from './testing/test-tier.ts';

const name = /^free-job-template-[a-z2-7]{26}$/;
const requestId = /^[\w-]{1,64}$/;

/** A Job that was created, with what may differ from the template checked and put back to what the template says. */
function likeTemplate(created: Job, template: Job): unknown {
  const job = structuredClone(created);
  const { metadata } = job;
  expect(Object.keys(metadata!).sort()).toEqual(['annotations', 'labels', 'name', 'namespace']);
  expect(metadata).toMatchObject({ name: expect.stringMatching(name), namespace: 'free-service' });
  const {
    'ml-job-mesh.io/dataset': dataset,
    'ml-job-mesh.io/epochs': epochs,
    'ml-job-mesh.io/pretrained': pretrained,
    ...labels
  } = metadata!.labels!;
  expect(datasets).toContain(dataset);
  expect(metadata!.annotations).toEqual({
    'ml-job-mesh.io/accepted': expect.stringMatching(/^\d{16}$/),
    'ml-job-mesh.io/request-id': expect.stringMatching(requestId),
    'ml-job-mesh.io/request-hash': expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(job.spec!.suspend).toBe(true);
  delete job.spec!.suspend;
  const container = job.spec!.template.spec!.containers[0]!;
  const values = Object.fromEntries(container.env!.map((variable) => [variable.name, variable.value]));
  expect(values).toEqual({
    TYPE: 'ff',
    DATASET: dataset,
    EPOCHS: expect.stringMatching(/^([1-9]|1\d|20)$/),
    PRETRAINED: expect.stringMatching(/^(true|false)$/),
  });
  expect([epochs, pretrained]).toEqual([values.EPOCHS, values.PRETRAINED]);
  container.env = template.spec!.template.spec!.containers[0]!.env!;
  job.metadata = { labels };
  return job;
}

/** Strings that mean something to somebody on the way, and any others. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    'mnist',
    'kmnist',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '$(TYPE)',
    '$DATASET',
    'a\r\nX: y',
  ),
  fc.constantFrom(
    '{{.}}',
    "'; rm -rf / #",
    '\u0000',
    '\u202e',
    '\ud800',
    'spec',
    'metadata',
    'ml-job-mesh.io/accepted',
  ),
);
const value = fc.oneof(nasty, fc.integer(), fc.boolean(), fc.constant(null), fc.array(nasty, { maxLength: 2 }));
const fields = fc.dictionary(
  fc.oneof(nasty, fc.constantFrom('epochs', 'pretrained', 'image', 'command', 'env')),
  value,
);
/** Header values as an HTTP client can send them. */
const headerValue = nasty.map((text) => text.replace(/[^\x20-\x7e]/g, '').trim());

const bodies = fc.oneof(
  fc.tuple(fc.constantFrom(...datasets), fields).map(([dataset, rest]) => JSON.stringify({ ...rest, dataset })),
  fc.tuple(fields, nasty).map(([rest, dataset]) => JSON.stringify({ ...rest, dataset })),
  fc
    .tuple(nasty, nasty)
    .map(([key, text]) => `dataset=mnist&${new URLSearchParams([[key.toWellFormed(), text.toWellFormed()]])}`),
  nasty.map((file) => multipart(file)),
  nasty,
);

/** A form with a file, as a browser would send it. */
function multipart(fileName: string): string {
  const part = (head: string, text: string) => `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`;
  return `${part('name="dataset"', 'mnist')}${part(`name="file"; filename="${fileName}"`, '{"dataset":"mnist"}')}--x--\r\n`;
}

test('any body under any headers makes a Job that is the template, or none', async () => {
  const { post, stub, template } = await startTestTier();
  const headers = fc.record({
    'content-type': fc.oneof(headerValue, fc.constantFrom('application/json', 'multipart/form-data; boundary=x')),
    'x-request-id': headerValue,
    'user-agent': headerValue,
    'x-forwarded-for': headerValue,
    authorization: headerValue,
  });
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(bodies, headers, async (body, sent) => {
      const before = stub.calls.length;
      const answer = await post(body, sent);
      const created = stub.calls.slice(before).filter(({ method }) => method === 'POST');
      expect([200, 400]).toContain(answer.statusCode);
      expect(created).toHaveLength(answer.statusCode === 200 ? 1 : 0);
      for (const { path, body: job } of created) {
        expect(path).toBe(jobs);
        expect(likeTemplate(job, template)).toEqual(template);
        accepted++;
      }
    }),
    { numRuns: 400 },
  );
  expect(accepted).toBeGreaterThan(50);
});

test('a good body makes a Job under any headers', async () => {
  const { post } = await startTestTier();
  await fc.assert(
    fc.asyncProperty(headerValue, headerValue, async (type, id) => {
      const answer = await post({ dataset: 'mnist' }, { 'content-type': type, 'x-request-id': id });
      expect([answer.statusCode, answer.headers['x-request-id']]).toEqual([200, expect.stringMatching(requestId)]);
    }),
    { numRuns: 100 },
  );
});

test('so it does over a connection, with bytes in headers that are no ASCII', async () => {
  const { app, stub, template } = await startTestTier();
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  const bytes = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((byte) => String.fromCharCode(byte)) });
  const names = fc.constantFrom('X-Request-Id', 'Content-Disposition', 'User-Agent', 'X-File-Name', 'Content-Type');
  await fc.assert(
    fc.asyncProperty(names, bytes, async (header, text) => {
      const before = stub.calls.length;
      const sent = request(`${origin}/free`, { method: 'POST', agent: false });
      // DEL is the one byte of these that no HTTP header may hold.
      sent.setHeader(header, text.replaceAll('\x7f', ''));
      sent.end('{"dataset":"mnist"}');
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      expect(answer.statusCode).toBe(200);
      const [created] = stub.calls.slice(before).filter(({ method }) => method === 'POST');
      expect(likeTemplate(created!.body, template)).toEqual(template);
    }),
    { numRuns: 100 },
  );
});

test('any idempotency key gives a name that is as good as any, or none', async () => {
  const { post, stub } = await startTestTier();
  await fc.assert(
    fc.asyncProperty(headerValue, async (key) => {
      const answer = await post({ dataset: 'mnist' }, { 'idempotency-key': key });
      expect(answer.statusCode).toBe(/^[\x21-\x7e]{1,255}$/.test(key) ? 200 : 400);
      if (answer.statusCode === 200) expect(answer.json().id).toMatch(name);
    }),
    { numRuns: 100 },
  );
  for (const { metadata } of stub.list(jobs)) expect(metadata.name).toMatch(name);
});

test('any path of a job id reaches the API server only where it can be the name of a Job', async () => {
  const { inject, stub } = await startTestTier();
  await fc.assert(
    fc.asyncProperty(nasty, async (id) => {
      const before = stub.calls.length;
      const encoded = encodeURIComponent(id.toWellFormed());
      const answer = await inject({ method: 'GET', url: `/free/jobs/free-job-template-${encoded}` });
      expect([400, 404]).toContain(answer.statusCode);
      const asked = stub.calls.slice(before).filter(({ query }) => !query.has('watch'));
      for (const { path } of asked)
        expect(path).toMatch(/^\/apis\/batch\/v1\/namespaces\/free-service\/jobs\/[a-z0-9-]+$/);
    }),
    { numRuns: 100 },
  );
});
