import { expect, test, vi } from 'vitest';
import { type DeploymentsWait, waitForDeployments } from './deployments.ts';

/** A Deployment as the API gives it. */
function deployment(name: string, available: number, observedGeneration = 2) {
  return {
    metadata: {
      namespace: 'mesh',
      name,
      generation: 2,
      uid: name,
      annotations: { 'deployment.kubernetes.io/revision': '3' },
    },
    spec: { replicas: 1 },
    status: { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: available },
  };
}

/** Waits in a cluster whose Deployments are, at each look, the next of these; the last ones stay. */
async function waitThrough(
  moments: object[][],
  more: Partial<DeploymentsWait> = {},
  others: Record<string, object[]> = {},
) {
  const said: string[] = [];
  const read = async (path: string) => {
    const [, kind = ''] = /([a-z]+)\?/.exec(path) ?? [];
    if (kind !== 'deployments') return { items: others[kind] ?? [] } as never;
    return { items: moments.length > 1 ? moments.shift() : moments[0] } as never;
  };
  const signal = new AbortController().signal;
  const wait = { read, say: (text: string) => void said.push(text), signal, withinMs: 60_000, pollMs: 1, ...more };
  const outcome = await waitForDeployments(wait).then(
    () => 'ready',
    (error: Error) => error.message,
  );
  return { outcome, said };
}

test('waits until every Deployment is there in its newest form, telling how far it is', async () => {
  const seen = await waitThrough([
    [deployment('free-tier', 0), deployment('web-tier', 1)],
    [deployment('free-tier', 1), deployment('web-tier', 1, 1)],
    [deployment('free-tier', 1), deployment('web-tier', 1)],
  ]);
  expect(seen).toEqual({
    outcome: 'ready',
    said: ['1 of 2 ready, waiting for free-tier', '1 of 2 ready, waiting for web-tier'],
  });
});

test('waits for those that were named alone, also while they are not there yet', async () => {
  const seen = await waitThrough(
    [[deployment('left-over', 0)], [deployment('left-over', 0), deployment('web-tier', 1)]],
    { names: ['mesh/web-tier'] },
  );
  expect(seen).toEqual({ outcome: 'ready', said: ['0 of 1 ready, waiting for web-tier'] });
});

test('gives up with what each pod that is missing waits for', async () => {
  const pod = {
    metadata: { namespace: 'free-tier', name: 'free-tier-1' },
    status: {
      containerStatuses: [
        {
          name: 'service',
          ready: false,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 1 } },
        },
        { name: 'envoy', ready: true, state: { running: {} } },
      ],
    },
  };
  const { outcome } = await waitThrough([[deployment('free-tier', 0)]], { withinMs: 0 }, { pods: [pod] });
  expect(outcome).toBe(
    'not ready, and nothing new for 0 s: free-tier. free-tier/free-tier-1: service CrashLoopBackOff, last ended with exit code 1',
  );
});

test('gives up early over a pod of the newest version that cannot start, not over one of the version before', async () => {
  const set = (revision: string) => ({
    metadata: {
      uid: `set-${revision}`,
      ownerReferences: [{ uid: 'web-tier' }],
      annotations: { 'deployment.kubernetes.io/revision': revision },
    },
  });
  const crashing = (revision: string) => ({
    metadata: { namespace: 'mesh', name: `pod-${revision}`, ownerReferences: [{ uid: `set-${revision}` }] },
    status: {
      containerStatuses: [{ name: 'envoy', restartCount: 9, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    },
  });
  const moments = () => [[deployment('web-tier', 0)], [deployment('web-tier', 0)], [deployment('web-tier', 1)]];
  const replicasets = [set('2'), set('3')];
  const watching = { noticesTroubles: true };
  const before = await waitThrough(moments(), watching, { pods: [crashing('2')], replicasets });
  expect(before.outcome).toBe('ready');
  const now = await waitThrough(moments(), watching, { pods: [crashing('2'), crashing('3')], replicasets });
  expect(now.outcome).toBe(
    'mesh/pod-3: envoy ends again and again. Its log: `kubectl -n mesh logs pod-3 -c envoy --previous`',
  );
});

test('waits on as long as pods get ready, however long all of them take', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const partly = (updated: number, available: number) => ({
    ...deployment('web-tier', available),
    spec: { replicas: 3 },
    status: { observedGeneration: 2, replicas: 3, updatedReplicas: updated, availableReplicas: available },
  });
  const wait = async (moments: object[][]) => {
    const say = () => void vi.advanceTimersByTime(40_000);
    return (await waitThrough(moments, { say })).outcome;
  };
  const slow = [partly(1, 2), partly(1, 2), partly(1, 3), partly(2, 3), partly(3, 3)];
  expect(await wait(slow.map((one) => [one]))).toBe('ready');
  expect(
    await wait([[partly(1, 2)], [partly(1, 3)], [partly(1, 2)], [partly(1, 3)], [partly(1, 2)], [partly(1, 3)]]),
  ).toMatch(/^not ready, and nothing new for 60 s: web-tier/);
  vi.useRealTimers();
});

test('goes on when the cluster gives no answer for a moment', async () => {
  let failures = 1;
  const read = async () => {
    if (failures-- > 0) throw new Error('connection refused');
    return { items: [deployment('web-tier', 1)] } as never;
  };
  expect(await waitThrough([], { read })).toEqual({
    outcome: 'ready',
    said: ['the cluster gave no answer, asking again (1 of 4): connection refused'],
  });
});
