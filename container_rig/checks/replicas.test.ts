// The front proxy notices pods that come and pods that go within seconds.
import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { serviceLog, servicePods } from '../../e2e/faults/service-pods.ts';
import { clearJobs, cluster, front } from '../../e2e/mesh.ts';
import { patience, podsPath, scale } from './cluster-tools.ts';
import { type Answer, faultsOf, startLoad } from './load.ts';

beforeEach(clearJobs);

/** What "within seconds" means here, the second included by which the front's log lags. */
const secondsMs = 10_000;

/** How many requests the front's log has for each replica since a moment, by its address. */
async function countByReplica(since: Date): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const line of await serviceLog('front', 'envoy', since)) {
    if (!line.includes('"/free/queue"')) continue;
    const { upstream_host, time } = JSON.parse(line) as { upstream_host: string | null; time: string };
    const address = upstream_host?.split(':')[0];
    if (address && new Date(time) >= since) counts[address] = (counts[address] ?? 0) + 1;
  }
  return counts;
}

/** Waits until requests go to these replicas and no others; gives how long that took, in milliseconds. */
async function untilServedBy(addresses: string[]): Promise<number> {
  const startedAt = performance.now();
  await vi.waitFor(
    async () => {
      const since = new Date(Date.now() - 1_500);
      expect(Object.keys(await countByReplica(since)).sort()).toEqual(addresses.toSorted());
    },
    { ...patience, interval: 250 },
  );
  return performance.now() - startedAt;
}

const addressOf = ({ status }: Pod) => status!.podIP!;

test('a new replica has its share within seconds, and one that is deleted or killed has none within seconds', async () => {
  const [first] = await servicePods('free');
  onTestFinished(() => scale('free', 1).then(() => undefined));
  const load = startLoad({ url: `${front}/free/queue`, perSecond: 40 });
  onTestFinished(() => load.stop().then(() => undefined));
  await untilServedBy([addressOf(first!)]);

  await scale('free', 2);
  const both = await servicePods('free');
  const comes = await untilServedBy(both.map(addressOf));
  expect(comes).toBeLessThan(secondsMs);

  const second = both.find(({ metadata }) => metadata!.uid !== first!.metadata!.uid)!;
  await cluster.delete(podsPath('free-tier', second.metadata!.name));
  const goneOrNew = async () => (await servicePods('free')).filter((pod) => pod.metadata!.uid !== second.metadata!.uid);
  const leaves = await untilNotServedBy(addressOf(second));
  expect(leaves).toBeLessThan(secondsMs);
  expect(faultsOf(await load.stop())).toEqual({});

  // As hard as a kill: nothing of the pod has time to say that it leaves.
  await vi.waitFor(async () => expect((await goneOrNew()).filter(isReady)).toHaveLength(2), patience);
  const doomed = (await goneOrNew()).find(({ metadata }) => metadata!.uid !== first!.metadata!.uid)!;
  const answers: Answer[] = [];
  const onAnswer = (answer: Answer) => void answers.push(answer);
  const again = startLoad({ url: `${front}/free/queue`, perSecond: 40, onAnswer });
  onTestFinished(() => again.stop().then(() => undefined));
  await untilServedBy((await goneOrNew()).map(addressOf));
  await cluster.delete(podsPath('free-tier', doomed.metadata!.name), { gracePeriodSeconds: 0 });
  const killed = await untilNotServedBy(addressOf(doomed));
  expect(killed).toBeLessThan(secondsMs);
  const noticedBy = performance.now() - killed + secondsMs;
  // What it had begun is lost with it; nothing fails any more once the front has had its seconds.
  const isLate = ({ sentAt }: Answer) => sentAt > noticedBy;
  await vi.waitFor(() => expect(answers.filter(isLate).length).toBeGreaterThan(100), patience);
  expect(faultsOf((await again.stop()).filter(isLate))).toEqual({});
  console.log(
    `Envoy noticed a new replica after ${comes | 0} ms, a deleted one after ${leaves | 0}, a killed one after ${killed | 0}`,
  );
}, 300_000);

function isReady({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  return ready && !metadata!.deletionTimestamp;
}

/** Waits until no request goes to a replica any more; gives how long that took, in milliseconds. */
async function untilNotServedBy(address: string): Promise<number> {
  const startedAt = performance.now();
  await vi.waitFor(
    async () => {
      const counts = await countByReplica(new Date(Date.now() - 1_500));
      expect(Object.keys(counts).length).toBeGreaterThan(0);
      expect(Object.keys(counts)).not.toContain(address);
    },
    { ...patience, interval: 250 },
  );
  return performance.now() - startedAt;
}
