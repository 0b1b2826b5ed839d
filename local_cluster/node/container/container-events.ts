// What follows from a container's start and end: events, probes, hooks.

import { commandIn, runHook } from '../pod/pod-stop.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { startProbes } from '../probes/probes.ts';
import type { PodContainer } from './pod-container.ts';

/** Acts upon the start and the end of the container's newest run, each once. */
export function watchContainer(container: PodContainer, worker: PodWorker): void {
  const run = container.runner.current;
  if (!run) return;
  if (run.start && !run.exit && container.seenStart !== run && worker.setup.prepared) {
    container.seenStart = run;
    noticeStart(container, worker);
  }
  if (run.exit && container.seenEnd !== run) {
    container.seenEnd = run;
    noticeEnd(container, worker);
  }
}

function noticeStart(container: PodContainer, worker: PodWorker): void {
  const { spec, process, known } = container;
  container.waiting = undefined;
  container.started = container.ready = false;
  container.known = undefined;
  const { start } = container.runner.current!;
  if (!known) {
    worker.event('Normal', 'Started', `Started container ${spec.name}`, spec.name);
    if (spec.lifecycle?.postStart && process) void runPostStart(container, worker);
  }
  const address = worker.setup.address!;
  const setReady = (isReady: boolean) => {
    container.ready = isReady;
    worker.sync();
  };
  container.stopProbes = startProbes(
    {
      spec,
      host: address.local,
      translate: (command) => commandIn(container, address, command),
      startedAt: Date.parse(start!.startedAt),
      known,
    },
    {
      onStarted: () => {
        container.started = true;
        worker.sync();
      },
      onReady: setReady,
      onFailure: (kind, finding, isFinal) => {
        const name = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
        worker.event('Warning', 'Unhealthy', `${name} probe failed: ${finding}`, spec.name);
        const { terminationGracePeriodSeconds } = spec[`${kind}Probe`]!;
        if (isFinal)
          worker.restart(container, `failed ${kind} probe, will be restarted`, terminationGracePeriodSeconds);
      },
    },
  );
}

async function runPostStart(container: PodContainer, worker: PodWorker): Promise<void> {
  const patienceMs = 60_000;
  const deadline = Date.now() + patienceMs;
  await runHook(container.spec.lifecycle!.postStart!, container, {
    containers: [container],
    address: worker.setup.address,
    deadline: () => deadline,
    changed: () => Promise.resolve(),
    onHookFailure: ({ spec }, message) => {
      worker.event('Warning', 'FailedPostStartHook', message, spec.name);
      worker.restart(container, 'failed its postStart hook');
    },
  });
}

function noticeEnd(container: PodContainer, worker: PodWorker): void {
  const { spec, runner } = container;
  container.stopProbes?.();
  container.stopProbes = undefined;
  container.waiting = undefined;
  container.started = container.ready = false;
  const { startError } = runner.current!.exit!;
  if (startError) worker.event('Warning', 'Failed', `Error: failed to create the container: ${startError}`, spec.name);
}
