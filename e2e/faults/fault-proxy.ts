// Stands between a tier and the real API server and does on demand what networks and API servers do by themselves:
// loses answers, falls silent, refuses. The tier speaks plain HTTP to it, so that it knows one request from another.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { startStandInServer } from '@ml-job-mesh/cluster-client/testing/stand-in-server.ts';

/** A request of the tier's, as it is on its way. */
export interface ApiCall {
  method: string;
  /** Without its query. */
  path: string;
  query: URLSearchParams;
  isWatch: boolean;
  /** When it came, in milliseconds of `performance.now()`. */
  at: number;
}

/**
 * What befalls a call: `lose-answer` cuts the connection when the API server has answered, `cut` as soon as the
 * request has gone out, whether it is acted on or not; an object is answered instead of the API server's answer.
 */
export type Fault = 'lose-answer' | 'cut' | { status: number; headers?: Record<string, string>; body: string };

export type FaultProxy = Awaited<ReturnType<typeof startFaultProxy>>;

/**
 * Starts a proxy to the cluster of a kubeconfig, with that file's rights.
 * @param kubeconfig the file
 */
export async function startFaultProxy(kubeconfig: string) {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const upstream = new URL(config.getCurrentCluster()!.server);
  const access: { headers?: Record<string, string> } = {};
  await config.applyToHTTPSOptions(access as never);
  const agent = new Agent({ ...access, keepAlive: true } as never);
  const calls: ApiCall[] = [];
  const openWatches = new Set<{ call: ApiCall; answer: IncomingMessage; response: ServerResponse }>();
  const proxy = { faultFor: (_call: ApiCall): Fault | undefined => undefined };

  const server = await startStandInServer((request, response) => {
    const url = new URL(request.url!, upstream);
    const call: ApiCall = {
      method: request.method!,
      path: url.pathname,
      query: url.searchParams,
      isWatch: url.searchParams.has('watch'),
      at: performance.now(),
    };
    calls.push(call);
    const fault = proxy.faultFor(call);
    if (typeof fault === 'object') {
      request.resume();
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(fault.body);
      return;
    }
    const onward = httpsRequest(url, {
      agent,
      method: call.method,
      headers: { ...request.headers, ...access.headers, host: upstream.host },
    });
    onward.on('error', () => response.destroy());
    onward.once('response', (answer) => {
      if (fault === 'lose-answer') {
        answer.resume();
        response.destroy();
        return;
      }
      response.writeHead(answer.statusCode!, answer.headers).flushHeaders();
      answer.on('error', () => response.destroy());
      answer.pipe(response);
      if (call.isWatch) follow(call, answer, response);
    });
    response.once('close', () => fault !== 'cut' && fault !== 'lose-answer' && onward.destroy());
    request.pipe(onward);
    if (fault === 'cut') onward.once('finish', () => response.destroy());
  });

  function follow(call: ApiCall, answer: IncomingMessage, response: ServerResponse): void {
    const watch = { call, answer, response };
    openWatches.add(watch);
    response.once('close', () => openWatches.delete(watch));
  }

  return Object.assign(proxy, {
    /** A kubeconfig file that leads through here. */
    kubeconfig: server.kubeconfig,
    /** Every call so far, in order. */
    calls,
    /** The watches that are open and let events through. */
    openWatches: (): ApiCall[] => [...openWatches].map(({ call }) => call),
    /**
     * Lets nothing more through on the watches that are open, and keeps their connections as they are, as a firewall
     * does that has forgotten them. Gives how many those are.
     */
    silenceWatches(): number {
      const count = openWatches.size;
      for (const { answer, response } of openWatches) answer.unpipe(response);
      openWatches.clear();
      return count;
    },
    /** Ends the watches that are open, as an API server does that restarts. Gives how many those were. */
    closeWatches(): number {
      const count = openWatches.size;
      for (const { response } of openWatches) response.destroy();
      return count;
    },
    async stop(): Promise<void> {
      agent.destroy();
      await server.stop();
    },
  });
}
