// What a node serves: logs, for the API server alone, and metrics, for the API server and for whoever may read them
// (metrics-server).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { AnswerError } from './answer-error.ts';
import { type LoggedPod, sendContainerLog } from './container-logs.ts';

export interface NodeServerOptions {
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

/** Starts to listen. @throws Error when the port is taken */
export async function startNodeServer(options: NodeServerOptions) {
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
            ? answerApiServer(request, response, options.find)
            : Promise.reject(new AnswerError(401, 'not the API server'));
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
  if (!isApiServer && token === undefined) throw new AnswerError(401, 'metrics need a bearer token');
  if (!isApiServer && !(await mayRead(token!))) throw new AnswerError(403, 'the account may not get nodes/metrics');
  if (method !== 'GET') throw new AnswerError(405, `${metricsPath} takes GET`);
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(await describe());
}

async function answerApiServer(
  { url = '/', method }: IncomingMessage,
  response: ServerResponse,
  find: NodeServerOptions['find'],
): Promise<void> {
  const { pathname, searchParams } = new URL(url, 'https://node');
  const [, action, namespace, podName, containerName, ...more] = pathname.split('/').map(decodeURIComponent);
  if (action === 'healthz') {
    response.end('ok');
    return;
  }
  if (action !== 'containerLogs' || method !== 'GET' || !containerName || more.length > 0)
    throw new AnswerError(404, 'this node serves logs and metrics, and nothing else: no exec, attach or port-forward');
  const pod = find(namespace!, podName!);
  if (!pod) throw new AnswerError(404, `pod "${podName}" is not on this node`);
  await sendContainerLog(response, pod, containerName, searchParams);
}

function refuse(response: ServerResponse, fault: Error): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(fault instanceof AnswerError ? fault.status : 500, { 'content-type': 'text/plain' });
  response.end(fault.message);
}
