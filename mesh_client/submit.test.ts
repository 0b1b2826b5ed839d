import { describe, expect, test } from 'vitest';
import { jobWith, problemOf, runMesh, startStubMesh } from './testing/stub-mesh.ts';

describe('mesh submit', { timeout: 30_000 }, () => {
  test('posts the job that was asked for and prints its id alone', async () => {
    const bodies: unknown[] = [];
    const mesh = await startStubMesh((app) => {
      app.post('/premium', async (request) => {
        bodies.push(request.body);
        return jobWith({ id: 'premium-job-template-xyz' });
      });
    });
    const outcome = await mesh(['submit', 'kmnist', '--tier', 'premium', '--epochs', '3', '--pretrained']);
    expect(outcome).toEqual({ exitCode: 0, stdout: 'premium-job-template-xyz\n', stderr: '' });
    expect(bodies).toEqual([{ dataset: 'kmnist', epochs: 3, pretrained: true }]);
  });

  test('repeats a request that got no answer or a 503 under the same idempotency key', async () => {
    const keys: unknown[] = [];
    const mesh = await startStubMesh((app) => {
      app.post('/free', async (request, reply) => {
        keys.push(request.headers['idempotency-key']);
        if (keys.length === 1) return reply.raw.destroy();
        if (keys.length === 2) return reply.code(503).header('retry-after', '0').send({});
        return jobWith();
      });
    });
    expect((await mesh(['submit', 'mnist'])).exitCode).toBe(0);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    await mesh(['submit', 'mnist', '--key', 'mine']);
    expect(keys.at(-1)).toBe('mine');
  });

  test('asks again where the answer broke off', async () => {
    const keys: unknown[] = [];
    const mesh = await startStubMesh((app) => {
      app.post('/free', (request, reply) => {
        keys.push(request.headers['idempotency-key']);
        if (keys.length > 1) return reply.send(jobWith());
        reply.hijack().raw.writeHead(200).write('{"id":"free-job-');
        setTimeout(() => reply.raw.destroy(), 30);
      });
    });
    expect(await mesh(['submit', 'mnist'])).toMatchObject({ exitCode: 0, stdout: 'free-job-template-abc\n' });
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  test('waits as long as the service asks', async () => {
    const times: number[] = [];
    const mesh = await startStubMesh((app) => {
      app.post('/free', async (_, reply) => {
        times.push(performance.now());
        if (times.length === 1) return reply.code(429).header('retry-after', '1').send({});
        return jobWith();
      });
    });
    expect((await mesh(['submit', 'mnist'])).exitCode).toBe(0);
    expect(times[1]! - times[0]!).toBeGreaterThan(990);
  });

  test('gives up at once where the wait asked for is longer than its patience', async () => {
    let requests = 0;
    const full = problemOf(429, 'queue_full', 'The queue is full', '500 jobs wait');
    const mesh = await startStubMesh((app) => {
      app.post('/free', async (_, reply) => {
        requests += 1;
        return reply.code(429).header('retry-after', '90').send(full);
      });
    });
    const outcome = await mesh(['submit', 'mnist']);
    expect(outcome).toEqual({ exitCode: 4, stdout: '', stderr: 'mesh: 500 jobs wait\n' });
    expect(requests).toBe(1);
  });

  test('is never repeated after a refusal, which it tells in the words of the service', async () => {
    let requests = 0;
    const mesh = await startStubMesh((app) => {
      app.post('/free', async (_, reply) => {
        requests += 1;
        return reply.code(400).send(problemOf(400, 'invalid_request', 'The request is not valid', 'dataset is "x"'));
      });
    });
    expect(await mesh(['submit', 'x'])).toMatchObject({
      exitCode: 4,
      stderr: 'mesh: dataset is "x"\n',
    });
    const asJson = await mesh(['submit', 'x', '--json']);
    expect(JSON.parse(asJson.stderr)).toEqual({
      error: { code: 'invalid_request', message: 'dataset is "x"', exit_code: 4 },
    });
    expect(requests).toBe(2);
  });

  test('says that the service is away, after its patience', async () => {
    const refused = await runMesh(['submit', 'mnist', '--url', 'http://127.0.0.1:1', '--retry-for', '1']);
    expect(refused).toMatchObject({ exitCode: 5, stderr: 'mesh: no answer from http://127.0.0.1:1: ECONNREFUSED\n' });
    const mesh = await startStubMesh((app) => {
      app.post('/free', (_, reply) =>
        reply.code(503).send(problemOf(503, 'cluster_unavailable', 'The cluster is away', 'repeat')),
      );
    });
    const broken = await mesh(['submit', 'mnist', '--retry-for', '0']);
    expect(broken).toMatchObject({ exitCode: 5, stderr: 'mesh: repeat\n' });
  });

  test('says so where something else than the mesh answers', async () => {
    const mesh = await startStubMesh((app) => {
      app.post('/free', (_, reply) => reply.type('text/html').send('<h1>It works!</h1>'));
    });
    const outcome = await mesh(['submit', 'mnist']);
    expect(outcome.exitCode).toBe(5);
    expect(outcome.stderr).toContain('did not answer with JSON');
  });

  test('sends the API key, from its option before the environment', async () => {
    const sent: unknown[] = [];
    const mesh = await startStubMesh((app) => {
      app.post('/free', async (request) => {
        sent.push(request.headers.authorization);
        return jobWith();
      });
    });
    await mesh(['submit', 'mnist']);
    await mesh(['submit', 'mnist'], { env: { MESH_API_KEY: 'from-env' } });
    await mesh(['submit', 'mnist', '--api-key', 'from-option'], { env: { MESH_API_KEY: 'from-env' } });
    expect(sent).toEqual([undefined, 'Bearer from-env', 'Bearer from-option']);
  });
});
