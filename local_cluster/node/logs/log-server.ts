// The node's side of `kubectl logs`, for the API server alone, and its metrics, for the API server and for whoever may read
// them (metrics-server).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { logFile, type Run } from '../runs/runner.ts';
import { type LogOptions, type LogSource, readLog } from './log-reader.ts';

/** A pod, as far as its logs go. */
export interface LoggedPod {
  pod: V1Pod;
  containers: { spec: V1Container; runner: { runs: Run[] }; state: { waiting?: { reason: string } | undefined } }[];
  /** Settles at the next change of any container. */
  readonly changed: Promise<void>;
}

export interface LogServerOptions {
  host: string;
  port: number;
  /** PEM of the node's certificate and its key. */
  certificate: { cert: string; key: string };
  /** PEM of the authority that the API server's client certificate is of. */
  clientAuthority: Buffer;
  /** The common names that this certificate may have. */
  clientNames: string[];
  find: (namespace: string, name: string) => LoggedPod | undefined;
  metrics: NodeMetrics;
}

export interface NodeMetrics {
  /** Whether the owner of a token may read them. */
  mayRead: (token: string) => Promise<boolean>;
  /** What `/metrics/resource` answers: Prometheus' text format. */
  describe: () => Promise<string>;
}

const metricsPath = '/metrics/resource';

/** An answer other than a log. */
class LogError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Starts to listen. @throws Error when the port cannot be had */
export async function startLogServer(options: LogServerOptions) {
  const { host, port, certificate, clientAuthority, clientNames } = options;
  const server = createServer(
    // Who has no certificate may have a token.
    { ...certificate, ca: clientAuthority, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const commonName = String(socket.getPeerCertificate().subject?.CN);
      const isApiServer = socket.authorized && clientNames.includes(commonName);
      const answering =
        request.url === metricsPath
          ? answerMetrics(request, response, isApiServer, options.metrics)
          : isApiServer
            ? answer(request, response, options.find)
            : Promise.reject(new LogError(401, 'not the API server'));
      answering.catch((fault) => refuse(response, fault));
    },
  );
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answerMetrics(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  isApiServer: boolean,
  { mayRead, describe }: NodeMetrics,
): Promise<void> {
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (!isApiServer && token === undefined) throw new LogError(401, 'metrics need a bearer token');
  if (!isApiServer && !(await mayRead(token!))) throw new LogError(403, 'the account may not get nodes/metrics');
  if (method !== 'GET') throw new LogError(405, `${metricsPath} takes GET`);
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(await describe());
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  find: LogServerOptions['find'],
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://node');
  const [, action, namespace, podName, containerName, ...more] = url.pathname.split('/').map(decodeURIComponent);
  if (action === 'healthz') {
    response.end('ok');
    return;
  }
  if (action !== 'containerLogs' || request.method !== 'GET' || !containerName || more.length > 0)
    throw new LogError(404, 'this node serves logs and metrics, and nothing else: no exec, attach or port-forward');
  const pod = find(namespace!, podName!);
  if (!pod) throw new LogError(404, `pod "${podName}" is not on this node`);
  const source = sourceOf(pod, containerName, url.searchParams.get('previous') === 'true');
  const closed = new AbortController();
  response.on('close', () => closed.abort());
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  await pipeline(readLog(source, readOptions(url.searchParams), closed.signal), response).catch((fault) => {
    if (!closed.signal.aborted) throw fault;
  });
}

function sourceOf(pod: LoggedPod, containerName: string, previous: boolean): LogSource {
  const container = pod.containers.find(({ spec }) => spec.name === containerName);
  const podName = pod.pod.metadata!.name;
  if (!container) throw new LogError(404, `container ${containerName} not found in pod ${podName}`);
  const { runner, state } = container;
  // A run that has not begun has no log yet; the one before it is the newest there is.
  const begun = runner.runs.filter(({ start, exit }) => start || exit);
  const run = previous ? begun.at(-2) : begun.at(-1);
  if (!run && previous)
    throw new LogError(400, `previous terminated container "${containerName}" in pod "${podName}" not found`);
  if (!run) {
    const reason = state.waiting?.reason ?? 'ContainerCreating';
    throw new LogError(400, `container "${containerName}" in pod "${podName}" is waiting to start: ${reason}`);
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

function refuse(response: ServerResponse, fault: Error): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(fault instanceof LogError ? fault.status : 500, { 'content-type': 'text/plain' });
  response.end(fault.message);
}
