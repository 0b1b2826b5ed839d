// Startup, readiness and liveness probes of one running container.
import type { V1Container, V1Probe } from '@kubernetes/client-node';
import { timerMs } from '../timers.ts';
import { checkGrpc } from './grpc-check.ts';
import { type Command, checkCommand, checkHttp, checkTcp, type Finding } from './probe-checks.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

export interface ProbeListener {
  onStarted: () => void;
  onReady: (isReady: boolean) => void;
  /** A check failed; `isFinal` when a startup or liveness probe has failed for good and the container is to end. */
  onFailure: (kind: ProbeKind, finding: string, isFinal: boolean) => void;
}

export interface ProbedContainer {
  spec: V1Container;
  /** Where the pod listens. */
  host: string;
  /** Turns a command of the pod into one of this machine. */
  translate: (command: string[]) => Command;
  startedAt: number;
  /** It was probed by an earlier agent: what that one knew. */
  known?: { started: boolean; ready: boolean } | undefined;
}

/**
 * Probes a container until the function that is returned is called. Without a startup probe it counts as started at
 * once, and without a readiness probe it is ready as soon as it is started.
 */
export function startProbes(container: ProbedContainer, listener: ProbeListener): () => void {
  const { startupProbe, readinessProbe, livenessProbe } = container.spec;
  const stops: (() => void)[] = [];
  let isStopped = false;

  function begin(kind: ProbeKind, probe: V1Probe, onChange: (isGood: boolean) => void): void {
    const stop = repeat(
      container,
      probe,
      kind === 'readiness' ? (container.known?.ready ?? false) : kind === 'liveness',
      {
        onChange,
        onFinding: (finding, isFinal) => listener.onFailure(kind, finding, isFinal && kind !== 'readiness'),
      },
    );
    stops.push(stop);
    if (kind === 'startup') stopStartup = stop;
  }

  let stopStartup: (() => void) | undefined;

  function onStarted(): void {
    if (isStopped) return;
    stopStartup?.();
    listener.onStarted();
    if (readinessProbe) begin('readiness', readinessProbe, listener.onReady);
    else listener.onReady(true);
    if (livenessProbe) begin('liveness', livenessProbe, () => undefined);
  }

  if (startupProbe && !container.known?.started) begin('startup', startupProbe, (isGood) => isGood && onStarted());
  else onStarted();
  if (readinessProbe && container.known?.ready) listener.onReady(true);

  return () => {
    isStopped = true;
    for (const stop of stops) stop();
  };
}

interface RepeatListener {
  onChange: (isGood: boolean) => void;
  onFinding: (finding: string, isFinal: boolean) => void;
}

/** Checks again and again; tells when the thresholds of success and failure are reached. */
function repeat(
  container: ProbedContainer,
  probe: V1Probe,
  initiallyGood: boolean,
  listener: RepeatListener,
): () => void {
  const { successThreshold = 1, failureThreshold = 3 } = probe;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const initialDelayMs = (probe.initialDelaySeconds ?? 0) * 1000;
  const ageMs = Math.max(0, Date.now() - container.startedAt);
  // From here on by a clock that nobody sets.
  const beginAt = performance.now() + Math.max(0, initialDelayMs - ageMs);
  const eagerUntil = performance.now() + eagerForMs - ageMs;
  let isGood = initiallyGood;
  let successes = 0;
  let failures = 0;
  let failureCountedAt = beginAt;
  let isStopped = false;
  let timer = setTimeout(check, timerMs(beginAt - performance.now() + firstCheckMs));

  async function check(): Promise<void> {
    const finding = await checkOnce(container, probe);
    if (isStopped) return;
    if (finding === undefined) succeed();
    else fail(finding);
    const isEager = !isGood && performance.now() < eagerUntil;
    if (!isStopped) timer = setTimeout(check, timerMs(isEager ? Math.min(eagerMs, periodMs) : periodMs));
  }

  function succeed(): void {
    failures = 0;
    successes++;
    if (isGood || successes < successThreshold) return;
    isGood = true;
    listener.onChange(true);
  }

  /** However often is looked, failures count once a period: so long is what a threshold grants. */
  function fail(finding: string): void {
    successes = 0;
    if (performance.now() - failureCountedAt < periodMs - timerToleranceMs) return;
    failureCountedAt = performance.now();
    failures++;
    const hasFailed = failures >= failureThreshold;
    if (hasFailed && isGood) {
      isGood = false;
      listener.onChange(false);
    }
    listener.onFinding(finding, hasFailed);
  }

  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

const firstCheckMs = 20;
const timerToleranceMs = 50;
/** A container that was started just now is looked at more often, so that nobody waits for the rest of a period. */
const eagerMs = 250;
const eagerForMs = 20_000;

/** Never rejects: whatever keeps a check from being made is what it finds. */
async function checkOnce({ spec, host, translate }: ProbedContainer, probe: V1Probe): Promise<Finding> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { httpGet, tcpSocket, exec, grpc } = probe;
  try {
    if (httpGet) return await checkHttp(httpGet, spec, host, timeoutMs);
    if (tcpSocket) return await checkTcp(tcpSocket.port, spec, host, timeoutMs);
    if (exec) return await checkCommand(translate(exec.command ?? []), timeoutMs);
    if (grpc) return await checkGrpc(grpc, host, timeoutMs);
    return 'this kind of probe is not available on this node';
  } catch (fault) {
    return (fault as Error).message;
  }
}
