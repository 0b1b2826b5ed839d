// The single checks behind probes and lifecycle hooks: a request, a connection, a command.
import { spawn } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import type { V1Container, V1HTTPGetAction } from '@kubernetes/client-node';
import { timerMs } from '../timers.ts';

/** What a check finds: undefined when all is well, else why not. */
export type Finding = string | undefined;

export interface Command {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
}

const maxOutputBytes = 1024;
/** After its time, a check may take this much longer to say itself why it failed. */
const lateMs = 100;

/**
 * Makes a check, which never fails in any other way than by what it finds: a pod may hold what no request, connection
 * or program can be made of (a port that has no such name, a space in a header's name), and a server may answer in ways
 * that leave a request without an end.
 */
async function find(timeoutMs: number, look: () => Promise<Finding>): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(resolve, timerMs(timeoutMs + lateMs), `timeout after ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (fault) {
    return (fault as Error).message;
  } finally {
    clearTimeout(timer);
  }
}

/** A request is fine when it is answered 200–399. */
export function checkHttp(
  action: V1HTTPGetAction,
  container: V1Container,
  host: string,
  timeoutMs: number,
): Promise<Finding> {
  return find(timeoutMs, async () => {
    const client = action.scheme === 'HTTPS' ? https : http;
    const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
    const options = {
      host: hostOf(action.host, host),
      port: portNumber(action.port, container),
      path: requestTarget(action.path),
      headers: { 'user-agent': 'kube-probe/1.36', accept: '*/*', connection: 'close', ...headers },
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timerMs(timeoutMs)),
    };
    return new Promise((resolve) => {
      const request = client.get(options, (answer) => {
        answer.resume();
        const status = answer.statusCode ?? 0;
        resolve(status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`);
      });
      request.on('error', (fault) => resolve(describeFault(fault, timeoutMs)));
    });
  });
}

/** A port is fine when it accepts a connection. */
export function checkTcp(
  port: string | number,
  container: V1Container,
  host: string,
  timeoutMs: number,
): Promise<Finding> {
  return find(timeoutMs, async () => {
    const socket = connect({ host, port: portNumber(port, container), timeout: timerMs(timeoutMs) });
    try {
      return await new Promise<Finding>((resolve) => {
        socket.on('connect', () => resolve(undefined));
        socket.on('timeout', () => resolve(`timeout after ${timeoutMs} ms`));
        socket.on('error', (fault) => resolve(fault.message));
      });
    } finally {
      socket.destroy();
    }
  });
}

/** A command is fine when it ends with 0 in time; all that it started is killed when it does not, or is not wanted. */
export function checkCommand(
  { argv: [program = '', ...rest], env, cwd }: Command,
  timeoutMs: number,
  unwanted?: AbortSignal,
): Promise<Finding> {
  return find(timeoutMs, async () => {
    const child = spawn(program, rest, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => {
      if (output.length < maxOutputBytes) output += chunk.toString('utf8');
    };
    // Where there is no file descriptor left for them, there are no pipes.
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const stop = () => killGroup(child.pid);
    unwanted?.addEventListener('abort', stop);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Finding>((resolve) => {
        timer = setTimeout(() => {
          stop();
          resolve(`command timed out after ${timeoutMs} ms`);
        }, timerMs(timeoutMs));
        child.on('error', (fault) => resolve(fault.message));
        child.on('exit', (code, signal) => {
          const how = signal ?? `exit code ${code}`;
          const why = `command ended with ${how}: ${output.trim().slice(0, maxOutputBytes)}`;
          resolve(code === 0 ? undefined : why);
        });
      });
    } finally {
      clearTimeout(timer);
      unwanted?.removeEventListener('abort', stop);
    }
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** Ports may be named after the container's. @throws Error for a name that it does not have */
function portNumber(port: string | number, { ports = [] }: V1Container): number {
  const named = ports.find(({ name }) => name === port);
  const number = named?.containerPort ?? (/^\d+$/.test(String(port)) ? Number(port) : Number.NaN);
  if (number > 0 && number < 65_536) return number;
  throw new Error(`the container has no port "${port}"`);
}

/** A path as it may stand in a request: what may not, such as a space, is percent-encoded. */
function requestTarget(path = '/'): string {
  const [target = ''] = path.split('#');
  const rooted = target.startsWith('/') ? target : `/${target}`;
  return rooted.replace(/[^\x21-\x7e]+/g, (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  );
}

/** From inside a pod, loopback is the pod. */
function hostOf(asked: string | undefined, pod: string): string {
  return !asked || asked === '127.0.0.1' || asked === 'localhost' ? pod : asked;
}

function describeFault(fault: Error & { code?: string }, timeoutMs: number): string {
  return fault.name === 'AbortError' || fault.name === 'TimeoutError' ? `timeout after ${timeoutMs} ms` : fault.message;
}
