// Pods and jobs as objects in the cluster, with no process behind them.
import { setTimeout as sleep } from 'node:timers/promises';
import { freeTier } from '../../free_service/app/tier.ts';
import { createStampClock } from '../../tier_service/records/stamp-clock.ts';
import { jobsPath } from '../../tier_service/state/job-paths.ts';
import { buildJob } from '../../tier_service/submission/job-builder.ts';
import { randomJobName } from '../../tier_service/submission/job-name.ts';
import { hashOf } from '../../tier_service/submission/job-request.ts';
import { loadJobTemplate } from '../../tier_service/submission/job-template.ts';
import { closedLoop } from '../measure/closed-loop.ts';
import { type BenchCluster, createQuotaNamespace } from '../setup/bench-cluster.ts';

const podsNamespace = 'bench-pods';
export const jobsNamespace = 'free-service';
/** No scheduler looks at the pods and no controller evicts them. */
const nodeName = 'bench-node';

/** Makes the namespaces and a node that nobody runs. */
export async function prepareNamespaces({ api }: BenchCluster): Promise<void> {
  await createQuotaNamespace(api, jobsNamespace);
  await api.create('/api/v1/namespaces', { metadata: { name: podsNamespace } });
  await api.create('/api/v1/nodes', { metadata: { name: nodeName } });
  // The controllers make it moments after the namespace; no pod is taken without it.
  const account = `/api/v1/namespaces/${podsNamespace}/serviceaccounts/default`;
  while (!(await api.get(account).catch(() => undefined))) await sleep(100);
}

/** Makes as many pods and as many jobs more. */
export async function addPodsAndJobs(cluster: BenchCluster, count: number): Promise<void> {
  let nextPod = 0;
  await createAll(count, () =>
    cluster.api.create(`/api/v1/namespaces/${podsNamespace}/pods`, pod(`${Date.now()}-${nextPod++}`)),
  );
  const template = loadJobTemplate(freeTier);
  const clock = createStampClock(Date.now);
  const choices = { dataset: 'mnist', epochs: 5, pretrained: false } as const;
  await createAll(count, () => {
    const identity = {
      name: randomJobName('free-job-template-'),
      namespace: jobsNamespace,
      suspend: true,
      accepted: clock.next(),
      requestId: 'bench',
      requestHash: hashOf(choices),
    };
    return cluster.api.create(jobsPath(jobsNamespace), buildJob(template, choices, identity), { timeoutMs: 60_000 });
  });
}

async function createAll(requests: number, create: () => Promise<unknown>): Promise<void> {
  const { failures } = await closedLoop({ clients: 32, requests }, async () => void (await create()));
  for (const [message, count] of failures) throw new Error(`${count} objects could not be made: ${message}`);
}

function pod(suffix: string) {
  return {
    metadata: { name: `premium-job-template-${suffix}` },
    spec: {
      nodeName,
      tolerations: [{ operator: 'Exists' }],
      automountServiceAccountToken: false,
      containers: [{ name: 'classify', image: 'busybox' }],
    },
  };
}
