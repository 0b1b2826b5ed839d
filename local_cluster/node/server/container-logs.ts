// The node's side of `kubectl logs`.
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { type LogOptions, type LogSource, readLog } from '../logs/log-reader.ts';
import { logFile, type Run } from '../runs/runner.ts';
import { AnswerError } from './answer-error.ts';

/** A pod, as far as its logs go. */
export interface LoggedPod {
  pod: V1Pod;
  containers: { spec: V1Container; runner: { runs: Run[] }; state: { waiting?: { reason: string } | undefined } }[];
  /** Settles at the next change of any container. */
  readonly changed: Promise<void>;
}

/**
 * Sends a container's log as it is asked for, and as it grows where it is followed.
 * @throws AnswerError when there is no such log
 */
export async function sendContainerLog(
  response: ServerResponse,
  pod: LoggedPod,
  containerName: string,
  query: URLSearchParams,
): Promise<void> {
  const source = sourceOf(pod, containerName, query.get('previous') === 'true');
  const closed = new AbortController();
  response.on('close', () => closed.abort());
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  await pipeline(readLog(source, readOptions(query), closed.signal), response).catch((fault) => {
    if (!closed.signal.aborted) throw fault;
  });
}

function sourceOf(pod: LoggedPod, containerName: string, previous: boolean): LogSource {
  const container = pod.containers.find(({ spec }) => spec.name === containerName);
  const podName = pod.pod.metadata!.name;
  if (!container) throw new AnswerError(404, `container ${containerName} not found in pod ${podName}`);
  const { runner, state } = container;
  // A run that has not begun has no log yet; the one before it is the newest there is.
  const begun = runner.runs.filter(({ start, exit }) => start || exit);
  const run = previous ? begun.at(-2) : begun.at(-1);
  if (!run && previous)
    throw new AnswerError(400, `previous terminated container "${containerName}" in pod "${podName}" not found`);
  if (!run) {
    const reason = state.waiting?.reason ?? 'ContainerCreating';
    throw new AnswerError(400, `container "${containerName}" in pod "${podName}" is waiting to start: ${reason}`);
  }
  return { file: logFile(run), isComplete: () => run.exit !== undefined, changed: () => pod.changed };
}

function readOptions(query: URLSearchParams): LogOptions {
  const number = (name: string) => {
    const value = query.get(name);
    return value === null || value === '' ? undefined : Number(value);
  };
  const sinceSeconds = number('sinceSeconds');
  const sinceTime = query.get('sinceTime');
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    tailLines: number('tailLines'),
    limitBytes: number('limitBytes'),
    sinceMs:
      sinceSeconds !== undefined ? Date.now() - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined,
  };
}
