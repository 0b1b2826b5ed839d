import { text } from 'node:stream/consumers';
import type { V1Job } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import {
  cluster,
  conditionsOf,
  endsWhenAsked,
  runsProcesses,
  shell,
  statusOf,
  until,
  useNamespace,
} from '../testing/cluster-under-test.ts';

const pods = useNamespace('lifecycle');

/** The pod as soon as its container waits for this reason. */
const untilItWaits = (name: string, reason: string) =>
  pods.waitFor(name, (pod) => statusOf(pod)?.state?.waiting?.reason === reason, reason);

describe('a pod that ends', () => {
  test('a Job runs to Complete and its log can be read', async () => {
    const jobs = `/apis/batch/v1/namespaces/${pods.namespace}/jobs`;
    await cluster.create(jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'hello' },
      spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: 'Never', containers: [shell('echo hello; echo world >&2')] } },
      },
    });
    const job = await until(async () => {
      const found = await cluster.get<V1Job>(`${jobs}/hello`);
      const isComplete = found.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True');
      return isComplete ? found : undefined;
    }, 'the Job to be complete');
    expect(job.status?.succeeded).toBe(1);
    const made = await pods.list({ labelSelector: 'job-name=hello' });
    expect(made).toHaveLength(1);
    const log = await pods.readLog(made[0]!.metadata!.name!);
    expect(log.split('\n').sort()).toEqual(['', 'hello', 'world']);
  });

  test('success is reported with exit code, times, message and conditions', async () => {
    await pods.create('success', [shell('echo "{\\"ok\\":true}" > /dev/termination-log')]);
    const pod = await pods.waitForEnd('success');
    expect(pod.status?.phase).toBe('Succeeded');
    expect(statusOf(pod)).toMatchObject({
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 0, reason: 'Completed', message: '{"ok":true}\n' } },
    });
    const { startedAt, finishedAt } = statusOf(pod)!.state!.terminated!;
    expect(Date.parse(String(finishedAt))).toBeGreaterThanOrEqual(Date.parse(String(startedAt)));
    expect(conditionsOf(pod)).toEqual({
      PodReadyToStartContainers: 'False',
      Initialized: 'True',
      Ready: 'False',
      ContainersReady: 'False',
      PodScheduled: 'True',
    });
    await until(
      async () => (await pods.eventsOf('success')).some(({ reason }) => reason === 'Started'),
      'the event of the start',
    );
  });

  test('failure is reported with its exit code, and the end of the log where that is the message', async () => {
    await pods.create('failure', [
      shell('echo before; echo "no such data set"; exit 3', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
    ]);
    const pod = await pods.waitForEnd('failure');
    expect(pod.status?.phase).toBe('Failed');
    expect(statusOf(pod)?.state?.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
      message: expect.stringMatching(/before\nno such data set/),
    });
  });

  test('the phase only moves forward, and on nodes of processes the end comes in one step', async () => {
    const { seen, stop } = await pods.record();
    await pods.create('forward', [shell('sleep 0.2')]);
    await pods.waitForEnd('forward');
    await until(() => seen.some((pod) => pod.metadata?.name === 'forward' && pod.status?.phase === 'Succeeded'), 'it');
    stop();
    const versions = seen.filter(({ metadata }) => metadata?.name === 'forward');
    const phases = versions.map(({ status }) => status?.phase);
    const order = ['Pending', 'Running', 'Succeeded'];
    expect(phases).toEqual([...phases].sort((a, b) => order.indexOf(a!) - order.indexOf(b!)));
    // kubelet may tell of the containers first.
    const ended = versions.filter((pod) => statusOf(pod)?.state?.terminated);
    if (runsProcesses) expect(ended.map(({ status }) => status?.phase)).toEqual(ended.map(() => 'Succeeded'));
    expect(ended.at(-1)?.status?.phase).toBe('Succeeded');
  });

  test('a program that is not there is a StartError', async () => {
    await pods.create('bad-command', [shell('', { command: ['no-such-program'] })]);
    const pod = await pods.waitForEnd('bad-command');
    expect(pod.status?.phase).toBe('Failed');
    expect(statusOf(pod)?.state?.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      message: expect.stringContaining('no-such-program'),
    });
  });

  test('a deadline of the pod ends it', async () => {
    await pods.create('deadline', [shell(endsWhenAsked)], {
      activeDeadlineSeconds: 1,
      terminationGracePeriodSeconds: 1,
    });
    const pod = await pods.waitForEnd('deadline');
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    expect(statusOf(pod)?.state?.terminated?.exitCode).toBe(143);
  });
});

describe('containers of one pod', () => {
  test('init containers run in order, sidecars before and beside the others, and end last', async () => {
    const log = (what: string) => `echo ${what} >> /shared/order`;
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    const sidecar = `${log('sidecar')}; trap "${log('sidecar-ends')}; exit 0" TERM; while :; do sleep 0.05; done`;
    await pods.create(
      'order',
      [
        shell(`sleep 0.2; ${log('main')}`, { volumeMounts }),
        shell('while ! grep -q main /shared/order; do sleep 0.05; done', { name: 'second', volumeMounts }),
      ],
      {
        initContainers: [
          shell(log('first'), { name: 'first', volumeMounts }),
          shell(sidecar, {
            name: 'sidecar',
            restartPolicy: 'Always',
            volumeMounts,
            startupProbe: {
              exec: { command: ['grep', 'sidecar', '/shared/order'] },
              periodSeconds: 1,
              failureThreshold: 20,
            },
          }),
          shell(log('last-init'), { name: 'last-init', volumeMounts }),
        ],
        volumes: [
          {
            name: 'shared',
            persistentVolumeClaim: undefined,
            hostPath: { path: `/tmp/${pods.namespace}`, type: 'DirectoryOrCreate' },
          },
        ],
      },
    );
    const pod = await pods.waitForEnd('order');
    expect(pod.status?.phase).toBe('Succeeded');
    await pods.create('read-order', [shell('cat /shared/order; rm -r /shared/order', { volumeMounts })], {
      volumes: [{ name: 'shared', hostPath: { path: `/tmp/${pods.namespace}` } }],
      nodeName: pod.spec!.nodeName!,
    });
    await pods.waitForEnd('read-order');
    const order = (await pods.readLog('read-order')).trim().split('\n');
    expect(order).toEqual(['first', 'sidecar', 'last-init', 'main', 'sidecar-ends']);
    expect(statusOf(pod, 'first')).toMatchObject({ ready: true, state: { terminated: { reason: 'Completed' } } });
  });

  test('an init container that fails fails a pod that is never restarted, and nothing else runs', async () => {
    await pods.create('bad-init', [shell('echo must not run')], {
      initContainers: [shell('exit 5', { name: 'first' })],
    });
    const pod = await pods.waitForEnd('bad-init');
    expect(pod.status?.phase).toBe('Failed');
    expect(statusOf(pod, 'first')?.state?.terminated?.exitCode).toBe(5);
    expect(conditionsOf(pod).Initialized).toBe('False');
    expect(statusOf(pod)?.state?.running).toBeUndefined();
  });

  test('all that a container started ends with it', async () => {
    await pods.create('orphans', [shell('(setsid sleep 987 &) ; sleep 0.1; echo started')]);
    const { spec } = await pods.waitForEnd('orphans');
    await pods.create('look-for-orphans', [shell('! pgrep -f "^sleep 987$"')], { nodeName: spec!.nodeName! });
    expect((await pods.waitForEnd('look-for-orphans')).status?.phase).toBe('Succeeded');
  });
});

describe('restarts', () => {
  test('a container that fails is started again, at first at once and then after a back-off', async () => {
    const script = 'echo run; exit 1';
    await pods.create('crash', [shell(script)], { restartPolicy: 'Always' });
    const pod = await untilItWaits('crash', 'CrashLoopBackOff');
    expect(pod.status?.phase).toBe('Running');
    expect(statusOf(pod)).toMatchObject({
      restartCount: 1,
      ready: false,
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      state: { waiting: { message: expect.stringContaining('back-off 10s restarting failed container=main') } },
    });
    expect(await pods.readLog('crash', { previous: true })).toBe('run\n');
    const again = await pods.waitFor('crash', (found) => statusOf(found)?.restartCount === 2, 'a third run');
    expect(again.status?.phase).toBe('Running');
    await pods.delete('crash');
    await pods.waitUntilGone('crash');
  });

  test('OnFailure repeats until success', async () => {
    const volumeMounts = [{ name: 'state', mountPath: '/state' }];
    await pods.create('retry', [shell('test -f /state/seen || { touch /state/seen; exit 1; }', { volumeMounts })], {
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'state', emptyDir: {} }],
    });
    const pod = await pods.waitForEnd('retry');
    expect(pod.status?.phase).toBe('Succeeded');
    expect(statusOf(pod)).toMatchObject({ restartCount: 1, state: { terminated: { exitCode: 0 } } });
  });

  test('an image that the node does not know is waited for', async () => {
    await pods.create('no-image', [shell('', { image: 'no/such-image:1' })]);
    await untilItWaits('no-image', 'ErrImagePull');
    const pod = await untilItWaits('no-image', 'ImagePullBackOff');
    expect(pod.status?.phase).toBe('Pending');
    const reasons = (await pods.eventsOf('no-image')).map(({ reason }) => reason);
    expect(reasons).toContain('Failed');
    await pods.delete('no-image');
    await pods.waitUntilGone('no-image');
  });

  test('a ConfigMap that is missing is waited for', async () => {
    const env = [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'late', key: 'x' } } }];
    await pods.create('late-config', [shell('echo $X', { env })]);
    await untilItWaits('late-config', 'CreateContainerConfigError');
    await cluster.create(`/api/v1/namespaces/${pods.namespace}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'late' },
      data: { x: 'now' },
    });
    await pods.waitForEnd('late-config');
    expect(await pods.readLog('late-config')).toBe('now\n');
  });
});

describe('deletion', () => {
  test('a pod is asked to end, reports how it ended, and is gone', async () => {
    const { seen, stop } = await pods.record();
    await pods.create('polite', [shell('trap "echo bye; exit 7" TERM; while :; do sleep 0.05; done')]);
    await pods.waitForRunning('polite');
    await pods.delete('polite');
    await pods.waitUntilGone('polite');
    stop();
    const last = seen.filter(({ metadata }) => metadata?.name === 'polite').at(-1)!;
    expect(last.status?.phase).toBe('Failed');
    expect(statusOf(last)?.state?.terminated?.exitCode).toBe(7);
  });

  test('a pod that does not listen is killed when its grace is over', async () => {
    const { seen, stop } = await pods.record();
    await pods.create('deaf', [shell('trap "" TERM; while :; do sleep 0.05; done')], {
      terminationGracePeriodSeconds: 1,
    });
    await pods.waitForRunning('deaf');
    await pods.delete('deaf');
    await pods.waitUntilGone('deaf');
    stop();
    const last = seen.filter(({ metadata }) => metadata?.name === 'deaf').at(-1)!;
    expect(statusOf(last)?.state?.terminated?.exitCode).toBe(137);
  });

  test('a container is asked to end before it is killed, though its hook has used up the grace period', async () => {
    const script = 'trap "echo asked; sleep 0.3; echo ended; exit 0" TERM; echo runs; while :; do sleep 0.05; done';
    const lifecycle = { preStop: { exec: { command: ['sleep', '60'] } } };
    await pods.create('long-hook', [shell(`exec 2> /dev/null; ${script}`, { lifecycle })], {
      terminationGracePeriodSeconds: 1,
    });
    await pods.waitForRunning('long-hook');
    const log = text(await pods.followLog('long-hook'));
    await until(async () => (await pods.readLog('long-hook')) === 'runs\n', 'the trap');
    await pods.delete('long-hook');
    expect(await log).toBe('runs\nasked\nended\n');
  });

  test('a preStop hook runs before the signal', async () => {
    const volumeMounts = [{ name: 'state', mountPath: '/state' }];
    // The shell itself may say that the signal ended what it waited for.
    const script = 'exec 2> /dev/null; trap "cat /state/hook; exit 0" TERM; while :; do sleep 0.05; done';
    const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'echo hooked > /state/hook'] } } };
    await pods.create('hook', [shell(script, { volumeMounts, lifecycle })], {
      volumes: [{ name: 'state', emptyDir: {} }],
    });
    await pods.waitForRunning('hook');
    const log = pods.readLog('hook', { follow: true });
    await pods.delete('hook');
    expect(await log).toBe('hooked\n');
    await pods.waitUntilGone('hook');
  });

  test('a pod that was deleted by force is gone, and its processes with it', async () => {
    await pods.create('forced', [shell('exec sleep 876')]);
    const { spec } = await pods.waitForRunning('forced');
    await pods.delete('forced', { gracePeriodSeconds: 0 });
    await expect(pods.get('forced')).rejects.toMatchObject({ status: 404 });
    const script = 'while pgrep -f "^sleep 876$"; do sleep 0.1; done';
    await pods.create('look-for-forced', [shell(script)], {
      nodeName: spec!.nodeName!,
      activeDeadlineSeconds: 20,
    });
    expect((await pods.waitForEnd('look-for-forced')).status?.phase).toBe('Succeeded');
  });
});
