// What graders read, while the API server that it all comes from is away: told plainly that it is not known.
import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import { expect } from 'vitest';
import { ask, askJson, type Config, cluster } from '../mesh.ts';

export const gradersPaths = ['/config', '/free/logs', '/free/resource-quota'];

export interface GradersRead {
  /** When it was asked for, and when all of the answer was there, in milliseconds of `performance.now()`. */
  askedAt: number;
  at: number;
  path: string;
  /** 0 where the answer broke off. */
  status: number;
  type: string | null;
  retryAfter: string | null;
  text: string;
}

/** Reads one of the paths, whatever comes of it. */
export async function readAsGrader(path: string): Promise<GradersRead> {
  const askedAt = performance.now();
  const answer = await ask(path);
  const { status, headers } = answer;
  const read = { askedAt, path, type: headers.get('content-type'), retryAfter: headers.get('retry-after') };
  try {
    return { ...read, status, text: await answer.text(), at: performance.now() };
  } catch {
    return { ...read, status: 0, text: '', at: performance.now() };
  }
}

interface Outage {
  from: number;
  to: number;
  /** Whether nothing can be read meanwhile. */
  readsStop: boolean;
}

/** Fails unless every read was answered, or refused in the form that its call has. */
export function expectGradersTold(reads: GradersRead[], { from, to, readsStop }: Outage): void {
  expect(reads.filter(({ at, status }) => at < from && status !== 200)).toEqual([]);
  for (const read of reads.filter(({ status }) => status !== 200)) {
    // A log that is being sent at the very moment when the API server dies is cut off so that it can be seen; no other is.
    if (read.path === '/free/logs' && read.status === 0 && readsStop && read.askedAt < from && read.at > from) continue;
    expect(read).toMatchObject(refusals[read.path as keyof typeof refusals]);
    expect(JSON.parse(read.text)).toEqual(
      read.path === '/free/logs'
        ? { error: expect.stringMatching(/cannot be read: /) }
        : expect.objectContaining({ code: expect.stringMatching(/^(not_ready|cluster_unavailable)$/) }),
    );
  }
  const late = reads.filter(({ at }) => at > (from + to) / 2 && at < to);
  expect(new Set(late.map(({ path }) => path))).toEqual(new Set(gradersPaths));
  if (readsStop) expect(late.filter(({ status }) => status === 200)).toEqual([]);
}

const problemAnswer = {
  status: 503,
  type: 'application/problem+json; charset=utf-8',
  retryAfter: expect.stringMatching(/^[1-9]\d*$/),
};
const refusals = {
  '/config': problemAnswer,
  '/free/logs': { status: 500, type: 'application/json; charset=utf-8' },
  '/free/resource-quota': problemAnswer,
};

/** Fails unless `/config` has the very pods that the API server has at this moment. */
export async function expectSamePods(): Promise<void> {
  const [{ pods }, { items }] = await Promise.all([
    askJson<Config>('/config'),
    cluster.get<{ items: Pod[] }>('/api/v1/pods'),
  ]);
  const actual = items.map(({ metadata, spec, status }) => ({
    node: spec?.nodeName ?? null,
    ip: status?.podIP ?? null,
    namespace: metadata!.namespace!,
    name: metadata!.name!,
    status: status!.phase!,
  }));
  const inOrder = (list: Config['pods']) => list.map((pod) => JSON.stringify(pod)).sort();
  expect(inOrder(pods)).toEqual(inOrder(actual));
}
