// A program through all its runs: a container of a pod, or the forwarder of a port. Each run has a folder of its own, which the shim fills; this side reads
// the records there, whether it started the shim itself or found it running after a restart of the agent.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ifKnown, isPassingFault, lookOr } from '../../passing-fault.ts';
import { readRecordFile, writeRecordFile } from '../../record-file.ts';
import { type ExitRecord, type ShimConfig, type StartRecord, startTicksOf } from './records.ts';
import { watchChanges } from './watch-changes.ts';

/** One run of a container. */
export interface Run {
  /** Counts up from 0; runs that never came to start count too. */
  readonly number: number;
  readonly folder: string;
  start?: StartRecord | undefined;
  exit?: ExitRecord | undefined;
}

/** A run before the last is kept for `kubectl logs --previous`; older ones are removed. */
const keptRuns = 2;
/** How often a shim that is not our child is looked after, in case it dies without a record. */
const lookMs = 1_000;

export class Runner {
  readonly folder: string;
  /** Newest last. */
  runs: Run[] = [];
  /** How often the container was started again. */
  restarts = 0;
  /** The shim's binary. */
  readonly shim: string;
  readonly #onChange: () => void;
  #watcher: { close(): void } | undefined;
  #look: NodeJS.Timeout | undefined;
  #child: ChildProcess | undefined;
  /** The shim of the newest run was our child, and has ended. */
  #isShimGone = false;
  #isSettling = false;

  /**
   * @param folder the container's, below the pod's
   * @param shim the shim's binary
   * @param onChange called after each start and end
   */
  constructor(folder: string, shim: string, onChange: () => void) {
    this.folder = folder;
    this.shim = shim;
    this.#onChange = onChange;
  }

  get current(): Run | undefined {
    return this.runs.at(-1);
  }

  get previous(): Run | undefined {
    return this.runs.at(-2);
  }

  /** True from the decision to run it until its end was recorded. */
  get isActive(): boolean {
    return this.current !== undefined && this.current.exit === undefined;
  }

  /**
   * Finds the runs of an earlier agent. Afterwards each has ended or is watched; one whose shim never came to start
   * it is dropped, and its shim, should it still come, leaves it alone.
   * @throws Error when they cannot be looked at now; it may be called again
   */
  async adopt(): Promise<void> {
    this.close();
    this.runs = listRuns(this.folder);
    const open = this.runs.filter(({ exit }) => !exit).map(({ folder }) => folder);
    await Promise.all(open.map((run) => promisify(execFile)(this.shim, ['settle', run])));
    for (const run of this.runs) readRun(run);
    for (const run of this.runs.filter(({ exit }) => exit?.neverStarted)) this.#remove(run);
    this.restarts = this.current?.number ?? 0;
    if (this.isActive) this.#watch(this.current!);
  }

  /**
   * Starts a new run.
   * @param describe makes the shim's configuration, given the run
   */
  start(describe: (run: Run) => ShimConfig): void {
    const number = (this.current?.number ?? -1) + 1;
    const folder = join(this.folder, String(number));
    mkdirSync(folder, { recursive: true });
    const run: Run = { number, folder };
    writeFileSync(terminationLog(run), '');
    // Nobody needs it after the machine went down, so it is not worth a wait for the disk.
    writeFileSync(join(folder, 'config.json'), JSON.stringify(describe(run)), { mode: 0o600 });
    this.runs.push(run);
    this.restarts = number;
    while (this.runs.length > keptRuns) this.#remove(this.runs[0]!);
    this.#watch(run);
    this.#spawnShim(run);
  }

  /** Asks the container to end (SIGTERM to its process group), or ends it (SIGKILL to all of it). */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const run = this.current;
    if (!run || run.exit) return;
    const { shimPid, shimTicks } = run.start ?? {};
    const isOurs = this.#child?.exitCode === null && this.#child.signalCode === null;
    const pid = isOurs ? this.#child!.pid : shimPid;
    const isShim = isOurs || ifKnown(() => pid !== undefined && startTicksOf(pid) === shimTicks, undefined);
    if (isShim === undefined) setTimeout(() => this.current === run && this.signal(signal), lookMs).unref();
    if (pid === undefined || !isShim) return;
    try {
      process.kill(pid, signal === 'SIGKILL' ? 'SIGUSR1' : 'SIGTERM');
    } catch {
      // It ended this moment; its record says how.
    }
  }

  /** Records a run of which this node knows nothing but that it was begun: the node's state was lost. */
  recordLost(): void {
    const folder = join(this.folder, '0');
    mkdirSync(folder, { recursive: true });
    const now = new Date().toISOString();
    const exit = { exitCode: 137, signal: 9, oomKilled: false, startedAt: now, finishedAt: now, lost: true };
    writeRecordFile(join(folder, 'exit.json'), exit satisfies ExitRecord);
    this.runs.push({ number: 0, folder, exit });
  }

  /** Stops looking after the container; it is left as it is. */
  close(): void {
    this.#watcher?.close();
    clearInterval(this.#look);
    this.#watcher = this.#look = undefined;
  }

  #spawnShim(run: Run): void {
    const fail = (fault: Error) =>
      this.#end(run, { exitCode: 128, startError: `the shim cannot be run: ${fault.message}` });
    let child: ChildProcess;
    try {
      child = spawn(this.shim, ['run', run.folder], {
        cwd: '/',
        detached: true,
        stdio: 'ignore',
        env: { GOMAXPROCS: '1' },
      });
    } catch (fault) {
      // No memory, say: most faults are told by the event below, some are thrown. Either way the run has begun.
      process.nextTick(fail, fault as Error);
      return;
    }
    this.#isShimGone = false;
    child.unref();
    child.on('error', fail);
    child.on('exit', () => {
      if (run === this.current) this.#isShimGone = true;
      this.#read(run);
      if (!run.exit) void this.#settle(run);
    });
    this.#child = child;
  }

  /** Nobody will write the end of this run any more. */
  #end(run: Run, what: Pick<ExitRecord, 'exitCode'> & Partial<ExitRecord>): void {
    const now = new Date().toISOString();
    const exit: ExitRecord = { signal: 0, oomKilled: false, startedAt: now, finishedAt: now, ...what };
    try {
      writeRecordFile(join(run.folder, 'exit.json'), exit);
    } catch {
      // The disk is full, or the folder is gone; the pod has to end all the same.
    }
    run.exit ??= exit;
    this.close();
    this.#onChange();
  }

  #watch(run: Run): void {
    this.#watcher = watchChanges(run.folder, () => this.#read(run));
    this.#look = setInterval(() => {
      if (this.#isShimGone || isShimOf(run) === false || isDamaged(run)) void this.#settle(run);
    }, lookMs);
    this.#look.unref();
    this.#read(run);
  }

  /** The shim is gone: has it left a record, or is one to be written for it? Where that cannot be told, look again later. */
  async #settle(run: Run): Promise<void> {
    if (this.#isSettling) return;
    this.#isSettling = true;
    const fault = await this.#runSettle(run);
    this.#isSettling = false;
    const isKnown = this.#read(run);
    if (run.exit || !isKnown || !fault || isPassingFault(fault)) return;
    // No room for one more record, say. A run whose shim is gone must not keep its pod from ending until there is room.
    const isGone = !run.start || isShimOf(run) === false;
    const startedAt = run.start?.startedAt;
    if (isGone) this.#end(run, { exitCode: 137, lost: true, ...(startedAt && { startedAt }) });
  }

  async #runSettle({ folder }: Run): Promise<Error | undefined> {
    try {
      await promisify(execFile)(this.shim, ['settle', folder]);
      return undefined;
    } catch (fault) {
      return fault as Error;
    }
  }

  /** Reads what is on record of it now; false when that cannot be told. */
  #read(run: Run): boolean {
    const hadStarted = run.start !== undefined;
    if (run.exit) return true;
    const isKnown = ifKnown(() => readRun(run), false);
    if (run.exit) this.close();
    if (run.exit || (run.start && !hadStarted)) this.#onChange();
    return isKnown;
  }

  #remove(run: Run): void {
    this.runs = this.runs.filter((other) => other !== run);
    rmSync(run.folder, { recursive: true, force: true });
  }
}

/** The file that a container's termination message is read from. */
export function terminationLog({ folder }: Pick<Run, 'folder'>): string {
  return join(folder, 'termination-log');
}

/** The first file with a run's output, in the CRI log format; a long log goes on in further ones. */
export function logFile({ folder }: Pick<Run, 'folder'>): string {
  return join(folder, 'output.log');
}

/** @throws Error when the records cannot be read now */
function readRun(run: Run): true {
  run.start ??= readRecordFile<StartRecord>(join(run.folder, 'started.json'));
  run.exit ??= readRecordFile<ExitRecord>(join(run.folder, 'exit.json'));
  return true;
}

/** Whether the shim of a run that has started is there; undefined where that is not known. */
function isShimOf({ start }: Run): boolean | undefined {
  return start && ifKnown(() => startTicksOf(start.shimPid) === start.shimTicks, undefined);
}

/** A record is there and says nothing, or could not be read: the shim's `settle` mends it. */
function isDamaged({ folder, start, exit }: Run): boolean {
  return (!start && existsSync(join(folder, 'started.json'))) || (!exit && existsSync(join(folder, 'exit.json')));
}

function listRuns(folder: string): Run[] {
  const runs = lookOr(() => readdirSync(folder), [])
    .filter((name) => /^\d+$/.test(name))
    .map((name): Run => ({ number: Number(name), folder: join(folder, name) }));
  for (const run of runs) readRun(run);
  return runs.sort((a, b) => a.number - b.number);
}
