import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import type { ContainerKind } from '../container/container-position.ts';
import type { ContainerView } from '../container/container-status.ts';
import type { ExitRecord, StartRecord } from '../runs/records.ts';
import { derivePodStatus, type PodView } from './pod-status.ts';

const now = new Date('2026-11-21T10:00:00Z');
const earlier = new Date('2026-11-21T09:00:00Z');
const pod: V1Pod = { metadata: { name: 'p', generation: 3 }, spec: { containers: [] } };
const start = { startedAt: '2026-11-21T09:30:00.7Z' } as StartRecord;
const exit = (exitCode: number, more: Partial<ExitRecord> = {}): ExitRecord => ({
  exitCode,
  signal: 0,
  oomKilled: false,
  startedAt: start.startedAt,
  finishedAt: '2026-11-21T09:31:00.2Z',
  ...more,
});

function container(more: Partial<ContainerView> & { kind?: ContainerKind; name?: string } = {}) {
  const { kind = 'main', name = 'main', ...view } = more;
  return { spec: { name, image: 'busybox' }, kind, restarts: 0, started: false, ready: false, ...view };
}

function derive(view: Partial<PodView>) {
  return derivePodStatus(
    {
      pod,
      address: { announced: '10.244.1.7', local: '127.244.1.7' },
      nodeAddress: { announced: '10.244.1.1', local: '127.244.1.1' },
      startTime: earlier,
      containers: [container()],
      conditions: [],
      ...view,
    },
    now,
  );
}

const conditions = (view: Partial<PodView>) =>
  Object.fromEntries(
    derive(view).conditions!.map(({ type, status, reason }) => [type, reason ? `${status} ${reason}` : status]),
  );

const running = container({ id: 'process://u/main/0', start, started: true, ready: true });

describe('the phase', () => {
  test('is Pending until a main container has run', () => {
    expect(derive({}).phase).toBe('Pending');
    const init = container({ kind: 'init', name: 'i', id: 'x', start });
    expect(derive({ containers: [init, container()] }).phase).toBe('Pending');
    expect(derive({ containers: [running] }).phase).toBe('Running');
  });

  test('is Running while a container waits to be restarted', () => {
    const waiting = container({ id: 'x', exit: exit(1), waiting: { reason: 'CrashLoopBackOff' }, restarts: 1 });
    expect(derive({ containers: [waiting] }).phase).toBe('Running');
  });

  test('is what the outcome says', () => {
    const outcome = { phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' } as const;
    expect(derive({ containers: [running], outcome })).toMatchObject(outcome);
  });
});

describe('the state of a container', () => {
  const stateOf = (view: ReturnType<typeof container>) => derive({ containers: [view] }).containerStatuses![0]!;

  test('while it runs', () => {
    expect(stateOf(running)).toEqual({
      name: 'main',
      image: 'busybox',
      imageID: 'process://busybox',
      containerID: 'process://u/main/0',
      restartCount: 0,
      state: { running: { startedAt: new Date('2026-11-21T09:30:00Z') } },
      lastState: {},
      started: true,
      ready: true,
    });
  });

  test.each([
    [exit(0), 'Completed'],
    [exit(3), 'Error'],
    [exit(137, { oomKilled: true }), 'OOMKilled'],
    [exit(128, { startError: 'no such file' }), 'StartError'],
    [exit(137, { lost: true }), 'ContainerStatusUnknown'],
  ])('%j is %s', (record, reason) => {
    const { state } = stateOf(container({ id: 'x', exit: record, exitMessage: 'why' }));
    expect(state?.terminated).toMatchObject({ exitCode: record.exitCode, reason, message: 'why' });
  });

  test('that waits shows how its last run ended', () => {
    const status = stateOf(
      container({ id: 'x', exit: exit(2), waiting: { reason: 'CrashLoopBackOff', message: 'm' } }),
    );
    expect(status.state).toEqual({ waiting: { reason: 'CrashLoopBackOff', message: 'm' } });
    expect(status.lastState?.terminated?.exitCode).toBe(2);
  });

  test('that waits for init containers says so', () => {
    const init = container({ kind: 'init', name: 'i', id: 'x', start });
    const { containerStatuses } = derive({ containers: [init, container()] });
    expect(containerStatuses![0]!.state).toEqual({ waiting: { reason: 'PodInitializing' } });
  });
});

describe('the conditions', () => {
  test('of a pod that starts, runs, and ends', () => {
    expect(conditions({ containers: [container()] })).toEqual({
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: 'False ContainersNotReady',
      ContainersReady: 'False ContainersNotReady',
      PodScheduled: 'True',
    });
    expect(conditions({ containers: [running] })).toMatchObject({ Ready: 'True', ContainersReady: 'True' });
    const ended = [container({ id: 'x', exit: exit(0) })];
    expect(conditions({ containers: ended, outcome: { phase: 'Succeeded' } })).toEqual({
      PodReadyToStartContainers: 'False',
      Initialized: 'True PodCompleted',
      Ready: 'False PodCompleted',
      ContainersReady: 'False PodCompleted',
      PodScheduled: 'True',
    });
  });

  test('wait for init containers and sidecars', () => {
    const sidecar = container({ kind: 'sidecar', name: 's', id: 'x', start });
    expect(conditions({ containers: [sidecar, container()] }).Initialized).toBe('False ContainersNotInitialized');
  });

  test('follow the gates that the pod names', () => {
    const gated: V1Pod = { ...pod, spec: { containers: [], readinessGates: [{ conditionType: 'example.org/go' }] } };
    expect(conditions({ pod: gated, containers: [running] })).toMatchObject({
      Ready: 'False ReadinessGatesNotReady',
      ContainersReady: 'True',
    });
  });

  test('keep the time of their last change', () => {
    const known = [
      { type: 'Ready', status: 'True', lastTransitionTime: earlier },
      { type: 'ContainersReady', status: 'False', lastTransitionTime: earlier },
    ];
    const times = Object.fromEntries(
      derive({ containers: [running], conditions: known }).conditions!.map((one) => [one.type, one.lastTransitionTime]),
    );
    expect([times.Ready, times.ContainersReady]).toEqual([earlier, now]);
  });
});
