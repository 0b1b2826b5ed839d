/**
 * `npm start`: installs what is missing, starts the mesh on this machine and shows what happens in it until it is told to
 * stop; or deploys it to another cluster.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import path from 'node:path';
import { deployToContext } from '../deployment/deploy-to-context.ts';
import { UsageError } from '../deployment/options.ts';
import { requireNotRunning } from './embedded-cluster.ts';
import { projectFolder } from './install/cache.ts';
import { otherDatasets } from './install/datasets.ts';
import { installSoftware, requirePlatform } from './install/install.ts';
import { formatSeconds } from './install/screen.ts';
import { listenForStop } from './install/stop-signals.ts';
import { requireFreePorts } from './mesh/host-ports.ts';
import { type LocalMesh, startLocalMesh } from './mesh/local-mesh.ts';
import { type LocalOptions, parseStartOptions, usage } from './mesh/options.ts';
import { linkedDataset } from './node-images.ts';
import { killCluster } from './supervisor/forced-stop.ts';
import { readRecords } from './supervisor/process-records.ts';

/** MESH_STATE is for tests, which must not touch the user's mesh. */
const stateFolder = path.resolve(process.env.MESH_STATE ?? path.join(projectFolder, '.mesh'));

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(`\nnpm start: ${(error as Error).message}${isUsage ? `\n\n${usage}` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}

async function main(): Promise<void> {
  const options = parseStartOptions(process.argv.slice(2));
  if (options.kind === 'help') return console.log(usage);
  const { stopped } = listenForStop(() => void killEverything());
  if (options.kind === 'context') return console.log(await deployToContext(options, stopped));
  await runHere(options, stopped);
}

async function runHere(options: LocalOptions, stopped: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  requirePlatform();
  for (const [name, folder] of Object.entries(options.datasets)) requireFolder(name, folder);
  await requireNotRunning(stateFolder);
  await requireFreePorts(options.host, { port: options.port, 'grader-port': options.graderPort }, stateFolder);
  const sources = otherDatasets.map((name) => {
    return [name, { named: options.datasets[name], before: linkedDataset(stateFolder, name) }];
  });
  const software = await installSoftware({ datasets: Object.fromEntries(sources), cancel: stopped });
  const starting = startLocalMesh({ ...options, stateFolder, software, cancel: stopped, log: tell });
  // What the events need of the tiers takes a while to load: while the cluster starts, there is time for that.
  const [mesh, { followEvents }] = await Promise.all([starting, import('./mesh/events.ts')]);
  const events = await followEvents(mesh.cluster.kubeconfig, tell);
  console.log(describe(mesh, performance.now() - startedAt));
  if (!stopped.aborted) await once(stopped, 'abort');

  tell('stopping; jobs that run end as failed (node_shutdown), queued ones go on at the next start');
  await events.stop().catch(() => undefined);
  await mesh.stop();
  tell('stopped');
}

function describe({ front, grader }: LocalMesh, tookMs: number): string {
  return `
The mesh is ready after ${formatSeconds(tookMs)}.

  the page           ${front}/
  front proxy        ${front}
  job API to try     ${front}/free/docs
  grader interface   ${grader}/config
  kubectl            ${path.relative(process.cwd(), stateFolder) || '.'}/kubectl get pods -A

  submit a job       curl -d '{"dataset":"mnist"}' ${front}/free
  watch the jobs     curl ${front}/free/jobs
  read the last log  curl ${front}/free/logs
  classify an image  curl -F image=@digit.png ${front}/predict

Ctrl-C stops it.
`;
}

/** One line with the time of day. */
function tell(line: string): void {
  console.log(`${new Date().toLocaleTimeString('en-GB')}  ${line}`);
}

/**
 * The second Ctrl-C. It ends only what this process supervises: the state folder may belong to a mesh in another terminal
 * while this one deploys elsewhere, or has not come to start anything.
 */
async function killEverything(): Promise<void> {
  if (readRecords(stateFolder).supervisor?.pid === process.pid) {
    tell('killing what is still stopping');
    await killCluster(stateFolder, tell);
  }
  process.exit(130);
}

function requireFolder(option: string, folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(`--${option} is ${JSON.stringify(folder)}, which is not a folder`);
}
