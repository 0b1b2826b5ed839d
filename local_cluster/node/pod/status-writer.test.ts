import type { V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { expect, test } from 'vitest';
import { createStatusWriter } from './status-writer.ts';

const pod: V1Pod = { metadata: { namespace: 'n', name: 'p', uid: 'u' } };

/** A cluster whose answers to patches the test gives. */
function createApi() {
  const sent: V1PodStatus[] = [];
  const answers: PromiseWithResolvers<unknown>[] = [];
  const cluster = {
    patch: (_: string, body: { status: V1PodStatus }) => {
      sent.push(body.status);
      const answer = Promise.withResolvers<unknown>();
      answers.push(answer);
      return answer.promise;
    },
  } as unknown as ClusterConnection;
  return { sent, answers, cluster };
}

const refused = (status: number, message = '') => new KubernetesError({ status, reason: '', message });
const phases = (sent: V1PodStatus[]) => sent.map(({ phase }) => phase);

test('the newest status is what is sent next, and none twice', async () => {
  const { sent, answers, cluster } = createApi();
  const writer = createStatusWriter(cluster, pod, undefined, () => undefined);
  writer.report({ phase: 'Pending' });
  writer.report({ phase: 'Running' });
  writer.report({ phase: 'Succeeded' });
  answers[0]!.resolve({});
  await expect.poll(() => sent.length).toBe(2);
  answers[1]!.resolve({});
  await writer.written();
  writer.report({ phase: 'Succeeded' });
  await writer.written();
  expect(phases(sent)).toEqual(['Pending', 'Succeeded']);
});

test('addresses take the place of those that the pod had before a move', async () => {
  const { sent, answers, cluster } = createApi();
  const writer = createStatusWriter(cluster, pod, undefined, () => undefined);
  writer.report({ phase: 'Running', podIPs: [{ ip: '10.245.1.2' }], hostIPs: [{ ip: '10.245.1.1' }] });
  answers[0]!.resolve({});
  await writer.written();
  const replace = { $patch: 'replace' };
  expect(sent).toEqual([
    { phase: 'Running', podIPs: [{ ip: '10.245.1.2' }, replace], hostIPs: [{ ip: '10.245.1.1' }, replace] },
  ]);
});

test('a status that was not taken is sent again', async () => {
  const { sent, answers, cluster } = createApi();
  const faults: string[] = [];
  const writer = createStatusWriter(cluster, pod, undefined, (message) => faults.push(message));
  writer.report({ phase: 'Failed' });
  answers[0]!.reject(refused(503, 'away'));
  await expect.poll(() => sent.length).toBe(2);
  answers[1]!.resolve({});
  await writer.written();
  expect([phases(sent), faults]).toEqual([['Failed', 'Failed'], ['away']]);
});

test("nobody is told of a pod that is gone, or whose name is another one's", async () => {
  for (const fault of [refused(404), refused(409, 'Precondition failed: UID in precondition: u')]) {
    const { sent, answers, cluster } = createApi();
    const writer = createStatusWriter(cluster, pod, undefined, () => undefined);
    writer.report({ phase: 'Running' });
    answers[0]!.reject(fault);
    await writer.written();
    writer.report({ phase: 'Failed' });
    await writer.written();
    expect(sent).toHaveLength(1);
  }
});

test('a reason that does not hold any more is taken away', async () => {
  const { sent, answers, cluster } = createApi();
  const writer = createStatusWriter(cluster, pod, { reason: 'NodeLost' }, () => undefined);
  writer.report({ phase: 'Running' });
  answers[0]!.resolve({});
  await writer.written();
  expect(sent).toEqual([{ phase: 'Running', reason: null, message: null }]);
});
