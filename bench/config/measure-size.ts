// One size of cluster: each address under load, ours and the other two in turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { startFlask } from '../flask/flask-service.ts';
import { countApiCalls } from '../measure/api-calls.ts';
import { loadWithGets } from '../measure/autocannon.ts';
import { closedLoop } from '../measure/closed-loop.ts';
import { cpuMs, residentBytes } from '../measure/cpu-time.ts';
import { startProcess } from '../setup/background-process.ts';
import type { BenchCluster } from '../setup/bench-cluster.ts';
import type { Service } from '../setup/services.ts';
import { median } from '../table.ts';
import { jobsNamespace } from './objects.ts';

export type ReaderName = 'mesh' | 'listing' | 'memory';

/** How one service answered one path at one size. */
export interface Measured {
  size: number;
  path: string;
  reader: ReaderName;
  perSecond: number;
  /** Requests a second in each turn. */
  turns: number[];
  p99Ms: number;
  /** Of the service's processes, while it answered. */
  cpuMsPerRequest: number;
  apiCallsPerRequest: number;
  /** Memory of the service's processes, in bytes. */
  residentBytes: number;
  answerBytes: number;
}

interface Load {
  seconds: number;
  turns: number;
  connections: number;
}

const listingTurns = 2;

type Turn = Pick<Measured, 'perSecond' | 'p99Ms'> & { requests: number };
type TurnResult = Omit<Measured, 'size' | 'path' | 'reader' | 'answerBytes' | 'turns'>;

/** One of those who answer, its processes, and what is asked of it in a turn. */
interface Reader {
  reader: ReaderName;
  pids: () => number[];
  play: () => Promise<Turn>;
}

/** Measures both paths with the pods and jobs that there are. */
export async function measureSize(
  cluster: BenchCluster,
  { tier, grader }: { tier: Service; grader: Service },
  size: number,
  load: Load,
): Promise<Measured[]> {
  await using stack = new AsyncDisposableStack();
  const flask = await startFlask(stack, cluster, { server: 'own', namespace: jobsNamespace, address: 3 });
  const measured: Measured[] = [];
  for (const [path, service] of [
    ['/config', grader],
    ['/free/jobs', tier],
  ] as const) {
    const memory = await startMemory(stack, cluster, { url: service.url + path, address: path === '/config' ? 4 : 5 });
    const fast = (url: string) => () => loadWithGets(url + path, load);
    const readers: Reader[] = [
      { reader: 'mesh', pids: () => [service.pid], play: fast(service.url) },
      { reader: 'memory', pids: () => [memory.pid], play: fast(memory.url) },
      { reader: 'listing', pids: flask.pids, play: () => slow(flask.url + path, size) },
    ];
    const answerBytes = (await (await fetch(service.url + path)).arrayBuffer()).byteLength;
    const results = await playTurns(cluster, readers, load.turns, `${size} objects, ${path}`);
    for (const [reader, turns] of results) measured.push({ size, path, reader, answerBytes, ...mediansOf(turns) });
  }
  return measured;
}

/** Every reader's turns, one reader at a time. */
async function playTurns(
  cluster: BenchCluster,
  readers: Reader[],
  turns: number,
  what: string,
): Promise<Map<ReaderName, TurnResult[]>> {
  const results = new Map<ReaderName, TurnResult[]>();
  for (let turn = 0; turn < turns; turn++) {
    // Each goes first as often as the other; the slow one needs no repetitions to be told apart.
    const order = turn % 2 === 0 ? readers : readers.toReversed();
    for (const { reader, pids, play } of order) {
      if (reader === 'listing' && turn >= listingTurns) continue;
      const result = await measureTurn(cluster, pids, play);
      results.set(reader, [...(results.get(reader) ?? []), result]);
      console.error(`${what}, ${reader}: ${result.perSecond.toFixed(1)} a second`);
    }
  }
  return results;
}

function mediansOf(results: TurnResult[]): TurnResult & { turns: number[] } {
  const middle = (key: keyof TurnResult) => median(results.map((result) => result[key]));
  return {
    perSecond: middle('perSecond'),
    turns: results.map(({ perSecond }) => perSecond),
    p99Ms: middle('p99Ms'),
    cpuMsPerRequest: middle('cpuMsPerRequest'),
    apiCallsPerRequest: middle('apiCallsPerRequest'),
    residentBytes: middle('residentBytes'),
  };
}

async function measureTurn(
  cluster: BenchCluster,
  pids: () => number[],
  play: () => Promise<Turn>,
): Promise<TurnResult> {
  const calls = await countApiCalls(cluster.api);
  const cpu = cpuMs(pids());
  const { perSecond, p99Ms, requests } = await play();
  const cpuMsPerRequest = (cpuMs(pids()) - cpu) / requests;
  // Reading the metrics is itself a call without a resource, which does not count.
  const apiCallsPerRequest = ((await countApiCalls(cluster.api)) - calls) / requests;
  const memory = pids().reduce((sum, pid) => sum + residentBytes(pid), 0);
  await sleep(200);
  return { perSecond, p99Ms, cpuMsPerRequest, apiCallsPerRequest, residentBytes: memory };
}

/** A service that lists at each request needs seconds for one; a few are enough to know how many. */
async function slow(url: string, size: number): Promise<Turn> {
  const requests = Math.max(2, Math.min(40, Math.floor(10_000 / size)));
  const { seconds, latenciesMs, failures } = await closedLoop({ clients: 2, requests }, async () => {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
  });
  for (const [message] of failures) throw new Error(`${url}: ${message}`);
  return { perSecond: requests / seconds, p99Ms: Math.max(...latenciesMs), requests };
}

async function startMemory(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  { url, address }: { url: string; address: number },
): Promise<Service> {
  const host = cluster.address(address);
  const own = `http://${host}:5000`;
  const running = await startProcess(stack, {
    name: `bytes-from-memory-${address}`,
    command: process.execPath,
    args: [`${import.meta.dirname}/bytes-from-memory.ts`, host, '5000', url],
    env: { NODE_ENV: 'production' },
    folder: cluster.folder,
    readyUrl: own + new URL(url).pathname,
  });
  return { ...running, url: own };
}
