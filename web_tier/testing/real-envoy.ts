// A real Envoy on one of the project's own files, for tests: the file as it is, but for addresses (and what a test of a
// time-out shortens).
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { mutateFile } from '../mutations/mutation.ts';
import { findEnvoy } from './find-envoy.ts';

// biome-ignore lint/suspicious/noExplicitAny: Envoy's configuration has types in its own protocol buffers only.
type Bootstrap = any;

export interface RealEnvoyOptions {
  /** An Envoy file of the project. */
  file: URL;
  /** From the host names and ports in the file, e.g. `localhost:3000`, to ports of this machine. */
  upstreams: Record<string, number>;
  env?: Record<string, string>;
  /** Changes what is to be tested faster than it is meant. */
  adjust?: (bootstrap: Bootstrap) => void;
}

export type RealEnvoy = Awaited<ReturnType<typeof startEnvoy>>;

/** The HTTP connection manager of the file's listener for clients. */
export function httpManagerOf(bootstrap: Bootstrap) {
  return bootstrap.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
}

const host = '127.0.0.1';
/** Nothing listens here, so that a connection is refused. */
const closedPort = 1;

/**
 * Checks an Envoy file as `envoy --mode validate` does.
 * @throws Error with what Envoy says is wrong
 */
export async function validateEnvoyFile(file: URL): Promise<void> {
  await promisify(execFile)(await findEnvoy(), ['--mode', 'validate', '-l', 'warn', '-c', file.pathname]);
}

/** Starts Envoy on ports of its own and waits until it takes requests. */
export async function startEnvoy({ file, upstreams, env = {}, adjust }: RealEnvoyOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'envoy-test-'));
  const bootstrap: Bootstrap = parse(await readFile(file, 'utf8'));
  replaceAddresses(bootstrap, upstreams);
  adjust?.(bootstrap);
  // Last: a setting that a test shortens is gone as well.
  const { ENVOY_MUTATION: mutation } = process.env;
  if (mutation) mutateFile(JSON.parse(mutation), file, bootstrap);
  await writeFile(join(folder, 'envoy.yaml'), stringify(bootstrap));
  const child = spawn(await findEnvoy(), ['-c', 'envoy.yaml', ...flags], {
    cwd: folder,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));

  const stop = async () => {
    await stopProcess(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const admin = (method: string, path: string) => call(join(folder, 'admin.sock'), { method, path });
    const ports = await waitFor(child, output, async () => {
      if ((await admin('GET', '/ready')).status !== 200) return undefined;
      return readPorts((await admin('GET', '/listeners?format=json')).text);
    });
    const port = ports.http!;
    return {
      port,
      /** Where the kubelet asks. */
      probePort: ports.probes!,
      /** The port of each listener, by its name. */
      ports,
      /** Its working directory. */
      folder,
      admin,
      /** What it wrote so far: the access log, and its own warnings. */
      output: () => output.join(''),
      call: (options: CallOptions) => call(port, options),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const flags = [
  '--concurrency',
  '1',
  '-l',
  'warn',
  '--disable-hot-restart',
  '--file-flush-interval-msec',
  '50',
  '--drain-strategy',
  'immediate',
];

function replaceAddresses(bootstrap: Bootstrap, upstreams: Record<string, number>): void {
  const anyPort = { address: host, port_value: 0 };
  for (const listener of bootstrap.static_resources.listeners) listener.address.socket_address = anyPort;
  for (const cluster of bootstrap.static_resources.clusters) {
    for (const { endpoint } of cluster.load_assignment.endpoints[0].lb_endpoints) {
      const { address, port_value } = endpoint.address.socket_address;
      const port = upstreams[`${address}:${port_value}`] ?? closedPort;
      endpoint.address.socket_address = { address: host, port_value: port };
    }
  }
}

async function waitFor<T>(child: ChildProcess, output: string[], look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${output.join('')}`);
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await setTimeout(50);
  }
}

/** The port of each listener, by its name. */
function readPorts(text: string): Record<string, number> {
  const { listener_statuses: listeners } = JSON.parse(text);
  return Object.fromEntries(
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    listeners.map(({ name, local_address }: any) => [name, local_address.socket_address.port_value]),
  );
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export interface CallOptions {
  method?: string;
  /** Sent as it is, without normalisation. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface CallResult {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/**
 * One HTTP call on a connection of its own.
 * @param target a port of this machine, or the path of a socket
 */
export async function call(
  target: number | string,
  { method = 'GET', path, headers, body }: CallOptions,
): Promise<CallResult> {
  const place = typeof target === 'number' ? { host, port: target } : { socketPath: target };
  const request = httpRequest({ ...place, method, path, agent: false, ...(headers && { headers }) });
  // A length without a body: the answer does not wait for one.
  if (body === undefined && headers?.['content-length']) request.flushHeaders();
  else request.end(body);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  request.destroy();
  return { status: response.statusCode, headers: response.headers, text };
}
