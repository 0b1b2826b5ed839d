// The single checks behind probes and lifecycle hooks: a request, a connection, a command.
import { spawn } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import type { V1Container, V1HTTPGetAction } from '@kubernetes/client-node';

/** What a check finds: undefined when all is well, else why not. */
export type Finding = string | undefined;

export interface Command {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
}

const maxOutputBytes = 1024;

/** A request is fine when it is answered 200–399. */
export function checkHttp(
  action: V1HTTPGetAction,
  container: V1Container,
  host: string,
  timeoutMs: number,
): Promise<Finding> {
  const port = portNumber(action.port, container);
  const client = action.scheme === 'HTTPS' ? https : http;
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const options = {
    host: hostOf(action.host, host),
    port,
    path: action.path ?? '/',
    headers: { 'user-agent': 'kube-probe/1.36', accept: '*/*', connection: 'close', ...headers },
    agent: false,
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((resolve) => {
    const request = client.get(options, (answer) => {
      answer.resume();
      const status = answer.statusCode ?? 0;
      resolve(status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`);
    });
    request.on('error', (fault) => resolve(describeFault(fault, timeoutMs)));
  });
}

/** A port is fine when it accepts a connection. */
export function checkTcp(
  port: string | number,
  container: V1Container,
  host: string,
  timeoutMs: number,
): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: portNumber(port, container), timeout: timeoutMs });
    const finish = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    socket.on('connect', () => finish(undefined));
    socket.on('timeout', () => finish(`timeout after ${timeoutMs} ms`));
    socket.on('error', (fault) => finish(fault.message));
  });
}

/** A command is fine when it ends with 0 in time; all that it started is killed when it does not, or is not wanted. */
export function checkCommand(
  { argv: [program = '', ...rest], env, cwd }: Command,
  timeoutMs: number,
  unwanted?: AbortSignal,
): Promise<Finding> {
  return new Promise((resolve) => {
    const child = spawn(program, rest, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => {
      if (output.length < maxOutputBytes) output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const stop = () => killGroup(child.pid);
    unwanted?.addEventListener('abort', stop);
    const timer = setTimeout(() => {
      killGroup(child.pid);
      resolve(`command timed out after ${timeoutMs} ms`);
    }, timeoutMs);
    child.on('error', (fault) => {
      clearTimeout(timer);
      resolve(fault.message);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      unwanted?.removeEventListener('abort', stop);
      const why = `command ended with ${signal ?? `exit code ${code}`}: ${output.trim().slice(0, maxOutputBytes)}`;
      resolve(code === 0 ? undefined : why);
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** Ports may be named after the container's. */
function portNumber(port: string | number, { ports = [] }: V1Container): number {
  const named = ports.find(({ name }) => name === port);
  return named?.containerPort ?? Number(port);
}

/** From inside a pod, loopback is the pod. */
function hostOf(asked: string | undefined, pod: string): string {
  return !asked || asked === '127.0.0.1' || asked === 'localhost' ? pod : asked;
}

function describeFault(fault: Error & { code?: string }, timeoutMs: number): string {
  return fault.name === 'AbortError' || fault.name === 'TimeoutError' ? `timeout after ${timeoutMs} ms` : fault.message;
}
