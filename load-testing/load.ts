/**
 * `npm run load -- NAME`: puts one of the loads of loads.json on a mesh, with Locust, and reports how the mesh did. The first
 * run installs Locust into the user's cache.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { findPython } from '../local_cluster/install/python.ts';
import { installTools } from '../local_cluster/install/python-packages.ts';
import { lockFiles } from '../local_cluster/install/requirements.ts';
import { listenForStop } from '../local_cluster/install/stop-signals.ts';
import loads from './loads.json' with { type: 'json' };
import { inspectMesh } from './mesh-at.ts';
import { type LoadOptions, parseLoadOptions, UsageError, usage } from './options.ts';
import { formatReport, type LocustEntry, readRows } from './report.ts';

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(`npm run load: ${(error as Error).message}${isUsage ? `\n\n${usage}` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}

async function main(): Promise<void> {
  const options = parseLoadOptions(process.argv.slice(2));
  if (!options) return console.log(usage);
  const idle = await inspectMesh(options.address, process.env.MESH_API_KEY);
  const who = options.who.filter((kind) => idle[kind] === undefined);
  for (const kind of options.who.filter((each) => !who.includes(each))) console.error(`without ${kind}: ${idle[kind]}`);
  if (who.length === 0) throw new Error('nobody is left who would find something to do');
  const program = await installLocust();
  const { people = loads[options.name].people, seconds = loads[options.name].seconds, name, address } = options;
  console.error(
    `${name}: up to ${people} people (${who.join(', ')}) at ${address} for ${seconds} s; Ctrl-C ends it early`,
  );
  await runLocust(program, { ...options, who });
  report(options);
}

/** Finds Locust or installs it, from its own lock file; gives the path of its program. */
async function installLocust(): Promise<string> {
  const context = { say: (text: string) => console.error(`Locust: ${text}`), signal: new AbortController().signal };
  const { value: found } = await findPython();
  const tools = { name: 'load-testing', lock: lockFiles.loadTesting };
  const { value: python } = await installTools(context, found, tools);
  return path.join(path.dirname(python), 'locust');
}

/** Runs a load to its end, or until Ctrl-C. What it counts it writes into the folder of the report. */
async function runLocust(program: string, { name, address, people, seconds, who, reportFolder }: LoadOptions) {
  rmSync(path.join(reportFolder, 'requests.json'), { force: true });
  mkdirSync(reportFolder, { recursive: true });
  const file = (each: string) => path.join(reportFolder, each);
  const child = spawn(
    program,
    [
      ...['-f', path.join(import.meta.dirname, 'locust', 'locustfile.py'), '--headless', '--only-summary'],
      ...['--host', address, '--load', name, '--who', who.join(), '--loglevel', 'WARNING'],
      ...(people === undefined ? [] : ['--people', `${people}`]),
      ...(seconds === undefined ? [] : ['--seconds', `${seconds}`]),
      ...['--html', file('report.html'), '--csv', file('over-time'), '--csv-full-history'],
      // It adds the ending itself.
      ...['--json-file', file('requests')],
    ],
    // A group of its own: Ctrl-C reaches it once, through this process.
    { detached: true, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } },
  );
  const { stopped } = listenForStop(() => child.kill('SIGKILL'));
  stopped.addEventListener('abort', () => child.kill('SIGINT'));
  const how = await new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ?? code ?? 0));
  });
  // 1 is its word for requests that failed: the report has them.
  if (how !== 0 && how !== 1 && !stopped.aborted) throw new Error(`Locust ended with ${how}; what it said is above`);
}

function report({ reportFolder }: LoadOptions): void {
  const entries: LocustEntry[] = JSON.parse(readFileSync(path.join(reportFolder, 'requests.json'), 'utf8'));
  if (entries.length === 0) throw new Error('it ended before anybody had asked for anything');
  console.log(`\n${formatReport(entries)}\n`);
  const failed = readRows(entries).reduce((sum, row) => sum + row.failed, 0);
  if (failed > 0) {
    console.log(`${failed} requests failed; over-time_failures.csv says with what.`);
    process.exitCode = 1;
  }
  console.log(`Over time, in a browser: ${path.join(reportFolder, 'report.html')}`);
}
