import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import type { FastifyReply } from 'fastify';
import { describe, expect, test } from 'vitest';
import { jobWith, problemOf, startStubMesh } from './testing/stub-mesh.ts';

const id = 'free-job-template-abc';
const running = (epoch: number, step: number): Job =>
  jobWith({ status: 'running', progress: { epoch, epochs: 5, step, steps: 600, loss: 0.2846 } });
const succeeded = jobWith({ status: 'succeeded', result: { accuracy: 97.96, test_images: 10_000, seconds: 7.9 } });

function send(reply: FastifyReply, eventId: string, event: string, job: Job): void {
  if (!reply.raw.headersSent) reply.hijack().raw.writeHead(200, { 'content-type': 'text/event-stream' });
  reply.raw.write(`id: ${eventId}\nevent: ${event}\ndata: ${JSON.stringify(job)}\n\n`);
}

/** A stub whose connections, one after the other, do what they are told. */
function startEventStub(...connections: ((reply: FastifyReply) => unknown)[]) {
  const lastEventIds: unknown[] = [];
  const stub = startStubMesh((app) => {
    app.get(`/free/jobs/${id}/events`, (request, reply) => {
      lastEventIds.push(request.headers['last-event-id']);
      connections[Math.min(lastEventIds.length, connections.length) - 1]!(reply);
    });
    app.get(`/free/jobs/${id}`, async () => succeeded);
  });
  return stub.then((mesh) => ({ mesh, lastEventIds }));
}

describe('mesh watch', { timeout: 30_000 }, () => {
  test('writes a line for each status and epoch, and ends with the job', async () => {
    const { mesh } = await startEventStub((reply) => {
      send(reply, 'u.0.0', 'status', jobWith({ queue_position: 2 }));
      send(reply, 'u.2.0', 'status', jobWith({ status: 'running' }));
      for (const [epoch, step] of [
        [1, 100],
        [1, 200],
        [2, 100],
      ] as const)
        send(reply, 'u.2.1', 'progress', running(epoch, step));
      send(reply, 'u.3.9', 'status', jobWith({ ...succeeded, result: null }));
      send(reply, 'u.3.end', 'result', succeeded);
      reply.raw.end();
    });
    expect(await mesh(['watch', id])).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `${id}: queued, number 2 in line
${id}: running
${id}: running, epoch 1/5, step 100/600, loss 0.2846
${id}: running, epoch 2/5, step 100/600, loss 0.2846
${id}: succeeded
${id}: succeeded, accuracy 97.96 % of 10000 images, 7.9 s
`,
    });
  });

  test('takes a lost connection up again where it was', async () => {
    const { mesh, lastEventIds } = await startEventStub(
      (reply) => {
        send(reply, 'u.2.17', 'progress', running(1, 100));
        setTimeout(() => reply.raw.destroy(), 50);
      },
      (reply) => reply.code(503).header('retry-after', '0').send({}),
      (reply) => reply.raw.destroy(),
      (reply) => {
        reply.hijack().raw.writeHead(200).end(': the service goes down\n\n');
      },
      (reply) => {
        send(reply, 'u.3.end', 'result', succeeded);
        reply.raw.end();
      },
    );
    const outcome = await mesh(['watch', id]);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout.split('\n')).toHaveLength(3);
    expect(lastEventIds).toEqual([undefined, 'u.2.17', 'u.2.17', 'u.2.17', 'u.2.17']);
  });

  test('reads the job once more where all had been told before the connection was lost', async () => {
    const { mesh } = await startEventStub(
      (reply) => {
        send(reply, 'u.2.17', 'progress', running(5, 600));
        setTimeout(() => reply.raw.destroy(), 50);
      },
      (reply) => reply.code(204).send(),
    );
    const outcome = await mesh(['watch', id, '--json']);
    const jobs = outcome.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([outcome.exitCode, jobs]).toEqual([0, [running(5, 600), succeeded]]);
  });

  test.each([
    [
      1,
      jobWith({
        status: 'failed',
        error: { code: 'deadline_exceeded', message: 'it ran for too long' } as Job['error'],
      }),
      'failed, it ran for too long (deadline_exceeded)',
    ],
    [3, jobWith({ status: 'cancelled' }), 'cancelled'],
  ])('exits with %i where the job did not succeed', async (exitCode, job, text) => {
    const { mesh } = await startEventStub((reply) => {
      send(reply, 'u.3.end', 'result', job);
      reply.raw.end();
    });
    expect(await mesh(['watch', id])).toEqual({ exitCode, stdout: `${id}: ${text}\n`, stderr: '' });
  });

  test('draws a bar on a terminal, over and over on one line', async () => {
    const events = (reply: FastifyReply) => {
      send(reply, 'u.2.1', 'progress', running(3, 300));
      send(reply, 'u.3.end', 'result', succeeded);
      reply.raw.end();
    };
    const { mesh } = await startEventStub(events);
    const { stdout } = await mesh(['watch', id], { isTTY: true });
    expect(stdout).toContain(
      `\r\x1b[2K${'█'.repeat(12)}${'░'.repeat(12)} running, epoch 3/5, step 300/600, loss 0.2846`,
    );
    const end = 'succeeded, accuracy 97.96 % of 10000 images, 7.9 s';
    expect(stdout.endsWith(`\r\x1b[2K${id}: \x1b[32m${end}\x1b[0m\n`)).toBe(true);
    expect(stdout.match(/\n/g)).toHaveLength(1);
    const plain = await mesh(['watch', id], { isTTY: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\x1b[32m');
  });

  test('ends with 4 where there is no such job, and with 5 where the service stays away', async () => {
    const { mesh: missing } = await startEventStub((reply) =>
      reply.code(404).send(problemOf(404, 'job_not_found', 'There is no such job', id)),
    );
    expect(await missing(['watch', id])).toMatchObject({ exitCode: 4, stderr: `mesh: ${id}\n` });
    const { mesh: away } = await startEventStub((reply) => reply.raw.destroy());
    expect(await away(['watch', id, '--retry-for', '1'])).toMatchObject({ exitCode: 5, stdout: '' });
  });

  test('Ctrl-C leaves the job alone and exits with 130', async () => {
    const { mesh } = await startEventStub((reply) => send(reply, 'u.2.1', 'progress', running(1, 100)));
    const interrupt = new AbortController();
    const outcome = await mesh(['watch', id], {
      signal: interrupt.signal,
      onOutput: () => setImmediate(() => interrupt.abort()),
    });
    expect(outcome).toMatchObject({ exitCode: 130, stderr: '' });
  });

  test('follows submit --watch', async () => {
    const mesh = await startStubMesh((app) => {
      app.post('/free', async () => jobWith());
      app.get(`/free/jobs/${id}/events`, (_, reply) => {
        send(reply, 'u.3.end', 'result', jobWith({ status: 'cancelled' }));
        reply.raw.end();
      });
    });
    expect(await mesh(['submit', 'mnist', '--watch'])).toEqual({
      exitCode: 3,
      stdout: `${id}\n${id}: cancelled\n`,
      stderr: '',
    });
  });
});
