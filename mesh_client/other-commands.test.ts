import { describe, expect, test } from 'vitest';
import { jobWith, problemOf, runMesh, startStubMesh } from './testing/stub-mesh.ts';

const id = 'free-job-template-abc';

describe('mesh logs', { timeout: 30_000 }, () => {
  test('prints a followed log once, through lost connections', async () => {
    const log = 'dataset: mnist\nEpoch [1/5], Step [100/600], Loss: 0.2846\nTime passed: 12.34 sec é\n';
    let connections = 0;
    const mesh = await startStubMesh((app) => {
      app.get(`/free/jobs/${id}/logs`, (request, reply) => {
        expect(request.query).toEqual({ follow: 'true' });
        connections += 1;
        const { raw } = reply.hijack();
        raw.write(Buffer.from(log).subarray(0, connections * 30));
        if (connections < 3) setTimeout(() => raw.destroy(), 30);
        else raw.end(Buffer.from(log).subarray(connections * 30));
      });
    });
    expect(await mesh(['logs', id, '--follow'])).toEqual({ exitCode: 0, stdout: log, stderr: '' });
    expect(connections).toBe(3);
  });

  test('says so when the job began anew, and prints its log from the beginning', async () => {
    let connections = 0;
    const mesh = await startStubMesh((app) => {
      app.get(`/free/jobs/${id}/logs`, (_, reply) => {
        const { raw } = reply.hijack();
        if (connections++ > 0) return raw.end('dataset: kmnist\n');
        raw.write('dataset: mnist\n');
        return setTimeout(() => raw.destroy(), 30);
      });
    });
    const stderr =
      'mesh: the log is no longer the one printed above: the job began anew, or only the end of its log was kept. ' +
      'What follows is the present log from its beginning.\n';
    expect(await mesh(['logs', id, '--follow'])).toEqual({
      exitCode: 0,
      stdout: 'dataset: mnist\ndataset: kmnist\n',
      stderr,
    });
  });

  test('is refused where there is no log', async () => {
    const mesh = await startStubMesh((app) => {
      app.get(`/free/jobs/${id}/logs`, (_, reply) =>
        reply.code(404).send(problemOf(404, 'log_not_found', 'There is no log', 'it waits')),
      );
    });
    expect(await mesh(['logs', id])).toEqual({ exitCode: 4, stdout: '', stderr: 'mesh: it waits\n' });
  });
});

describe('mesh list', () => {
  test('shows both tiers together, newest first', async () => {
    const free = jobWith({ created_at: '2026-01-01T10:00:00.000Z', status: 'cancelled' });
    const premium = jobWith({
      id: 'premium-job-template-x',
      created_at: '2026-01-01T10:00:01.000Z',
      queue_position: 1,
    });
    const mesh = await startStubMesh((app) => {
      app.get('/free/jobs', async () => ({ jobs: [free], next_cursor: null }));
      app.get('/premium/jobs', async () => ({ jobs: [premium], next_cursor: null }));
    });
    const { stdout, exitCode } = await mesh(['list']);
    expect(exitCode).toBe(0);
    expect(stdout.replace(/\d+ d/g, 'N d')).toBe(`ID                      DATASET  AGE    STATUS
premium-job-template-x  mnist    N d  queued, number 1 in line
free-job-template-abc   mnist    N d  cancelled
`);
    expect(JSON.parse((await mesh(['list', '--json', '--tier', 'free'])).stdout)).toEqual([free]);
    expect(JSON.parse((await mesh(['list', '--json', '--limit', '1'])).stdout)).toEqual([premium]);
  });

  test('goes through all pages with --all, and passes the filters on', async () => {
    const asked: unknown[] = [];
    const mesh = await startStubMesh((app) => {
      app.get<{ Querystring: { cursor?: string } }>('/free/jobs', async ({ query }) => {
        asked.push(query);
        return query.cursor
          ? { jobs: [jobWith({ id: 'b' })], next_cursor: null }
          : { jobs: [jobWith({ id: 'a' })], next_cursor: 'next' };
      });
    });
    const args = ['list', '--tier', 'free', '--status', 'queued', '--dataset', 'mnist', '--all', '--json'];
    expect(JSON.parse((await mesh(args)).stdout).map((job: { id: string }) => job.id)).toEqual(['a', 'b']);
    const filters = { status: 'queued', dataset: 'mnist', limit: '500' };
    expect(asked).toEqual([filters, { ...filters, cursor: 'next' }]);
  });

  test('says that there is none', async () => {
    const mesh = await startStubMesh((app) => {
      app.get('/free/jobs', async () => ({ jobs: [], next_cursor: null }));
    });
    expect((await mesh(['list', '--tier', 'free'])).stdout).toBe('no jobs\n');
  });
});

test('mesh cancel goes through all ids, and tells the one that had ended', async () => {
  const mesh = await startStubMesh((app) => {
    app.delete<{ Params: { id: string } }>('/free/jobs/:id', async ({ params }, reply) => {
      if (params.id.endsWith('done'))
        return reply.code(409).send(problemOf(409, 'job_ended', 'The job has ended', 'it succeeded'));
      return jobWith({ id: params.id, status: 'cancelled' });
    });
  });
  expect(await mesh(['cancel', 'free-job-template-a', 'free-job-template-done', 'free-job-template-b'])).toEqual({
    exitCode: 4,
    stdout: 'free-job-template-a: cancelled\nfree-job-template-b: cancelled\n',
    stderr: 'mesh: free-job-template-done: it succeeded\n',
  });
});

test('mesh clear removes what has ended, or all of it, on both tiers or one', async () => {
  const asked: string[] = [];
  const mesh = await startStubMesh((app) => {
    for (const tier of ['free', 'premium']) {
      app.delete(`/${tier}/jobs`, async (request) => {
        asked.push(request.url);
        return { deleted: 7, cancelled: tier === 'free' ? 0 : 2 };
      });
    }
  });
  expect((await mesh(['clear'])).stdout).toBe('free: 7 removed\npremium: 7 removed, 2 of them unfinished\n');
  expect(JSON.parse((await mesh(['clear', '--tier', 'free', '--all', '--json'])).stdout)).toEqual({
    free: { deleted: 7, cancelled: 0 },
  });
  expect(asked).toEqual(['/free/jobs', '/premium/jobs', '/free/jobs?all=true']);
});

test('mesh logs prints a log, or its last lines alone', async () => {
  const mesh = await startStubMesh((app) => {
    app.get<{ Querystring: { tail?: string } }>('/free/jobs/:id/logs', async ({ query }) =>
      ['one\n', 'two\n', 'three\n'].slice(-Number(query.tail ?? 3)).join(''),
    );
  });
  expect((await mesh(['logs', 'free-job-template-a'])).stdout).toBe('one\ntwo\nthree\n');
  expect((await mesh(['logs', 'free-job-template-a', '--tail', '2'])).stdout).toBe('two\nthree\n');
});

test('mesh queue shows both tiers', async () => {
  const mesh = await startStubMesh((app) => {
    const reason = { code: 'quota_full', message: 'All places are taken: 2 of 2.' };
    const free = { running: 2, waiting: 13, limit: 2, waiting_reason: reason, recent_waits_seconds: [3.21, 0.5] };
    const premium = { running: 1, waiting: 0, limit: null, waiting_reason: null, recent_waits_seconds: [] };
    app.get('/free/queue', async () => free);
    app.get('/premium/queue', async () => premium);
  });
  expect((await mesh(['queue'])).stdout).toBe(`TIER     RUNNING  WAITING  LIMIT  LAST WAITS
free     2        13       2      3.2 s, 0.5 s
premium  1        0        none   -
free: All places are taken: 2 of 2. (quota_full)
`);
});

describe('the command line', () => {
  test.each([
    ['no command; see mesh --help', ['--url', 'http://x']],
    ['there is no command "submitt"; see mesh --help', ['submitt', 'mnist']],
    ['mesh submit takes DATASET; see mesh submit --help', ['submit']],
    ['mesh list takes nothing but options; see mesh list --help', ['list', 'free']],
    ['--tier is "gold"; it has to be one of free, premium', ['submit', 'mnist', '--tier', 'gold']],
    ['--epochs is "many"; it has to be a whole number', ['submit', 'mnist', '--epochs', 'many']],
    ['--limit is "0"; it has to be a number from 1', ['list', '--limit', '0']],
    ['--tail is "0"; it has to be a number from 1', ['logs', 'free-job-template-a', '--tail', '0']],
    [
      '--follow prints a log from its beginning; leave out --tail',
      ['logs', 'free-job-template-a', '--tail', '3', '--follow'],
    ],
    ['--retry-for is "soon"; it has to be a whole number of seconds', ['queue', '--retry-for', 'soon']],
    [
      '"localhost:8080" is no address; expected something like http://127.0.0.1:8080',
      ['queue', '--url', 'localhost:8080'],
    ],
    [`"job-1" is no job's id; they begin with free-job-template- or premium-job-template-`, ['watch', 'job-1']],
    [
      `"free-job-template-../x" is no job's id; they begin with free-job-template- or premium-job-template-`,
      ['cancel', 'free-job-template-../x'],
    ],
  ])('that is wrong is told in a line, with exit code 2: %s', async (message, args) => {
    expect(await runMesh(args)).toEqual({ exitCode: 2, stdout: '', stderr: `mesh: ${message}\n` });
  });

  test('an option that no command has is told', async () => {
    const { exitCode, stderr } = await runMesh(['list', '--colour']);
    expect([exitCode, stderr.split('\n')[0]]).toEqual([2, "mesh: Unknown option '--colour'"]);
  });

  test.each(['submit', 'list', 'watch', 'logs', 'cancel', 'clear', 'queue'])(
    'mesh %s --help tells how it is used',
    async (command) => {
      const { exitCode, stdout } = await runMesh([command, '--help']);
      expect([exitCode, stdout.startsWith(`mesh ${command}`)]).toEqual([0, true]);
      expect(stdout).toContain('--api-key KEY');
      expect((await runMesh(['--help'])).stdout).toContain(`  mesh ${command}`);
    },
  );

  test('global options may come before the command', async () => {
    const { exitCode, stderr } = await runMesh(['--url', 'http://127.0.0.1:1', '--retry-for', '0', 'queue']);
    expect([exitCode, stderr]).toEqual([5, 'mesh: no answer from http://127.0.0.1:1: ECONNREFUSED\n']);
  });

  test('--version is that of the project', async () => {
    expect((await runMesh(['--version'])).stdout).toMatch(/^mesh \d+\.\d+\.\d+\n$/);
  });
});
