import { expect, test } from 'vitest';
import { waitForDeployments } from './deployments.ts';

const never = new AbortController().signal;

/** A Deployment as the API gives it. */
function deployment(name: string, available: number, observedGeneration = 2) {
  return {
    metadata: { name, generation: 2 },
    spec: { replicas: 1 },
    status: { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: available },
  };
}

test('waits until every Deployment is there in its newest form, telling how far it is', async () => {
  const answers = [
    [deployment('free-tier', 0), deployment('web-tier', 1)],
    [deployment('free-tier', 1), deployment('web-tier', 1, 1)],
    [deployment('free-tier', 1), deployment('web-tier', 1)],
  ];
  const said: string[] = [];
  const read = async () => ({ items: answers.shift() }) as never;
  await waitForDeployments(read, (text) => said.push(text), never, 60_000);
  expect(said).toEqual(['1 of 2 ready, waiting for free-tier', '1 of 2 ready, waiting for web-tier']);
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
  const read = async (path: string) =>
    ({ items: path.startsWith('/api/v1/pods?') ? [pod] : [deployment('free-tier', 0)] }) as never;
  await expect(waitForDeployments(read, () => undefined, never, 0)).rejects.toThrow(
    'not ready after 0 s: free-tier. free-tier/free-tier-1: service CrashLoopBackOff, last ended with exit code 1',
  );
});
