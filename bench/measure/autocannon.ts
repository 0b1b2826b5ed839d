// A load of GET requests by autocannon, in a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, '..', '..', 'node_modules', 'autocannon', 'autocannon.js');

export interface GetLoad {
  perSecond: number;
  requests: number;
  p99Ms: number;
  /** Bytes of answers, headers included, each second. */
  bytesPerSecond: number;
}

/**
 * Asks for one address over and over.
 * @throws Error unless every answer was a success
 */
export async function loadWithGets(
  url: string,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<GetLoad> {
  const args = [program, '--json', '--connections', String(connections), '--duration', String(seconds), url];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 });
  const { requests, latency, throughput, errors, non2xx } = JSON.parse(stdout);
  if (errors > 0 || non2xx > 0) throw new Error(`${url}: ${errors} requests failed, ${non2xx} were refused`);
  return {
    perSecond: requests.average,
    requests: requests.total,
    p99Ms: latency.p99,
    bytesPerSecond: throughput.average,
  };
}
