// An operator updates one service after the other while clients are at work, on connections that they keep and on new ones.
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { clearJobs, front } from '../../e2e/mesh.ts';
import { restartService } from './cluster-tools.ts';
import { type Answer, faultsOf, type Load, send, startLoad } from './load.ts';

beforeEach(clearJobs);

const mnist = '{"dataset":"mnist","pretrained":true}';

/**
 * Reads of every service behind the front, and jobs that come and are cancelled again. Not the front's /healthz: it fails in
 * a pod that leaves, so that load balancers send nothing there any more.
 */
function startClients(): () => Promise<Answer[]> {
  const cancelled: Promise<Answer>[] = [];
  const cancel = ({ status, body }: Answer) => {
    if (status !== 200) return;
    const { tier, id } = JSON.parse(body) as Job;
    cancelled.push(send(`${front}/${tier}/jobs/${id}`, { method: 'DELETE', agent: false }));
  };
  const reads = ['/free/queue', '/premium/jobs', '/config', '/models', '/'];
  const loads: Load[] = [true, false].flatMap((newConnections) => [
    ...reads.map((path) => startLoad({ url: front + path, perSecond: path.includes('/', 1) ? 20 : 5, newConnections })),
    startLoad({ url: `${front}/free`, method: 'POST', body: mnist, perSecond: 1, newConnections, onAnswer: cancel }),
  ]);
  const stop = async () => [
    ...(await Promise.all(loads.map((load) => load.stop()))).flat(),
    ...(await Promise.all(cancelled)),
  ];
  onTestFinished(() => stop().then(() => undefined));
  return stop;
}

test.each([
  { what: 'the free tier', services: ['free'] as const },
  { what: 'the premium tier', services: ['premium'] as const },
  { what: 'the front', services: ['front'] as const },
  { what: 'the grader interface, the backend and the page', services: ['grader', 'backend', 'page'] as const },
])(
  '$what can be updated under constant load, and no request fails',
  async ({ services }) => {
    const stop = startClients();
    await Promise.all(services.map(restartService));
    const answers = await stop();
    expect(faultsOf(answers)).toEqual({});
    // More than a second's worth, while the pods changed.
    expect(answers.length).toBeGreaterThan(500);
  },
  300_000,
);
