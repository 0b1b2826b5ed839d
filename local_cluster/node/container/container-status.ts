// The status of one container, from the records of its runs.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { V1Container, V1ContainerState, V1ContainerStatus } from '@kubernetes/client-node';
import { parseCriLine } from '../logs/cri-log.ts';
import { listLogFiles } from '../logs/log-files.ts';
import type { ExitRecord, StartRecord } from '../runs/records.ts';

/** What is known of one container of a pod. */
export interface ContainerView {
  spec: V1Container;
  /** e.g. `process://UID/NAME/0`, of the newest run. */
  id?: string | undefined;
  start?: StartRecord | undefined;
  exit?: ExitRecord | undefined;
  /** Of the newest run, once it has ended. */
  exitMessage?: string | undefined;
  previous?: { id: string; exit: ExitRecord; message?: string | undefined } | undefined;
  /** Why it does not run, as long as it is to run (again). */
  waiting?: { reason: string; message?: string | undefined } | undefined;
  restarts: number;
  /** Its startup probe has succeeded, or it has none. */
  started: boolean;
  ready: boolean;
}

const maxMessageBytes = 4096;
const maxLogMessageBytes = 2048;
const maxLogMessageLines = 80;

/** The status as the API has it. */
export function describeContainer(view: ContainerView): V1ContainerStatus {
  const { spec, id, restarts } = view;
  const state = stateOf(view);
  const { previous } = view;
  const showsPrevious = state.terminated ? previous : (lastOf(view) ?? previous);
  return {
    name: spec.name,
    image: spec.image ?? '',
    imageID: id ? `process://${spec.image}` : '',
    ...(id && { containerID: id }),
    restartCount: restarts,
    state,
    lastState: showsPrevious
      ? { terminated: describeEnd(showsPrevious.id, showsPrevious.exit, showsPrevious.message) }
      : {},
    started: state.running !== undefined && view.started,
    ready: view.ready,
  };
}

function stateOf({ exit, start, waiting, id, exitMessage }: ContainerView): V1ContainerState {
  if (waiting) return { waiting: { reason: waiting.reason, ...(waiting.message && { message: waiting.message }) } };
  if (exit) return { terminated: describeEnd(id!, exit, exitMessage) };
  if (start) return { running: { startedAt: toSeconds(start.startedAt) } };
  return { waiting: { reason: 'ContainerCreating' } };
}

/** A container that waits to run again shows its newest run as its last state. */
function lastOf({ exit, id, exitMessage }: ContainerView): ContainerView['previous'] {
  return exit && id ? { id, exit, message: exitMessage } : undefined;
}

function describeEnd(containerID: string, exit: ExitRecord, message: string | undefined) {
  return {
    containerID,
    exitCode: exit.exitCode,
    reason: reasonOf(exit),
    ...(message && { message }),
    startedAt: toSeconds(exit.startError ? '1970-01-01T00:00:00Z' : exit.startedAt),
    finishedAt: toSeconds(exit.finishedAt),
  };
}

/** Why a run ended, in the words of a container runtime. */
export function reasonOf(exit: ExitRecord): string {
  if (exit.startError) return 'StartError';
  if (exit.lost || exit.neverStarted) return 'ContainerStatusUnknown';
  if (exit.oomKilled) return 'OOMKilled';
  return exit.exitCode === 0 ? 'Completed' : 'Error';
}

/** What stands for a container that had to end before it was ever run. */
export const neverRun: ExitRecord = {
  exitCode: 137,
  signal: 9,
  oomKilled: false,
  startedAt: '1970-01-01T00:00:00Z',
  finishedAt: '1970-01-01T00:00:00Z',
  neverStarted: true,
};

/**
 * The termination message of a run: what the container wrote to its file, or, by `FallbackToLogsOnError`, the end of
 * its log if it wrote nothing and failed.
 */
export function readExitMessage(
  exit: ExitRecord,
  policy: string | undefined,
  terminationLog: string,
  logFile: string,
): string | undefined {
  if (exit.startError) return `failed to create the container: ${exit.startError}`;
  if (exit.lost || exit.neverStarted) return 'The container could not be located when the pod was terminated';
  const written = readEnd(terminationLog, maxMessageBytes, 'start');
  if (written || policy !== 'FallbackToLogsOnError' || exit.exitCode === 0) return written || undefined;
  // The newest file may have only just begun.
  const lines = listLogFiles(logFile)
    .slice(-2)
    .map(({ path }) => readEnd(path, 4 * maxLogMessageBytes, 'end'))
    .join('')
    .split('\n')
    .filter(Boolean);
  const text = lines
    .slice(-maxLogMessageLines)
    .map((line) => parseCriLine(Buffer.from(line))?.content.toString() ?? '')
    .join('\n');
  return Buffer.from(text).subarray(-maxLogMessageBytes).toString() || undefined;
}

/** Empty where there is no file: the container may have put anything in its place, even what keeps a reader waiting. */
function readEnd(file: string, maxBytes: number, from: 'start' | 'end'): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(descriptor);
    if (!status.isFile()) return '';
    const buffer = Buffer.alloc(Math.min(status.size, maxBytes));
    const length = readSync(descriptor, buffer, 0, buffer.length, from === 'start' ? 0 : status.size - buffer.length);
    return buffer.toString('utf8', 0, length);
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The API keeps container times in whole seconds. */
function toSeconds(time: string): Date {
  return new Date(Math.floor(Date.parse(time) / 1000) * 1000);
}
