// The services that predict: ours and those that it is compared with, each on the same core, with the same weights.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findFreePort } from '../../cluster_client/testing/free-port.ts';
import type { Software } from '../../local_cluster/install/install.ts';
import { findPython } from '../../local_cluster/install/python.ts';
import { installTools } from '../../local_cluster/install/python-packages.ts';
import { lockFiles } from '../../local_cluster/install/requirements.ts';
import { onCore } from '../measure/cores.ts';
import { withDescendants } from '../measure/cpu-time.ts';
import { startProcess } from '../setup/background-process.ts';
import type { BenchCluster } from '../setup/bench-cluster.ts';
import { projectFolder } from '../setup/services.ts';

export type ContestantName = 'mesh' | 'torch' | 'onnxruntime' | 'bentoml';

/** A service that runs. */
export interface Contestant {
  name: ContestantName;
  url: string;
  /** What the field of the form is called that holds the image. */
  field: string;
  /** Where an image may be sent by itself. */
  bytesPath?: string;
  /** Its processes, workers included. */
  pids(): number[];
}

export interface ContestantOptions {
  software: Software;
  /** The Python with FastAPI and BentoML. */
  python: string;
  /** `ff` or `cnn`. */
  type: string;
  /** The one that each of them runs on. */
  core: number;
  /** For logs and what else they write, and where our own service listens, as its pod does. */
  place: Pick<BenchCluster, 'folder' | 'address'>;
}

const host = '127.0.0.1';
const ownFolder = import.meta.dirname;

/** A Python environment with FastAPI and BentoML beside the jobs' packages, made in the user's cache at the first call. */
export async function preparePython({ python: jobs }: Software): Promise<string> {
  const { value: python } = await findPython();
  const context = { say: () => undefined, signal: new AbortController().signal };
  const tools = { name: 'bench-predict', lock: lockFiles.benchPredict, sees: jobs };
  return (await installTools(context, python, tools)).value;
}

/** Starts all of them; they end with the stack. */
export async function startContestants(
  stack: AsyncDisposableStack,
  options: ContestantOptions,
): Promise<[mesh: Contestant, ...others: Contestant[]]> {
  return [
    await startMesh(stack, options),
    await startFastApi(stack, 'torch', options),
    await startFastApi(stack, 'onnxruntime', options),
    await startBentoMl(stack, options),
  ];
}

/** With the settings of its pod (`manifests/ml-pipeline/ml-backend.yaml`). */
async function startMesh(
  stack: AsyncDisposableStack,
  { software, type, core, place }: ContestantOptions,
): Promise<Contestant> {
  const address = place.address(1);
  const plan = {
    name: 'prediction-service',
    command: process.execPath,
    args: [join(projectFolder, 'prediction_service/server.ts')],
    env: {
      HOST: address,
      PORT: '5000',
      METRICS_PORT: '9090',
      MODEL_FOLDER: storeOf(software),
      DEFAULT_MODEL: `mnist-${type}`,
      DRAIN_MS: '0',
      NODE_ENV: 'production',
      MALLOC_ARENA_MAX: '2',
    },
    folder: place.folder,
    readyUrl: `http://${address}:9090/internal/ready`,
  };
  const { pid } = await startProcess(stack, onCore(core, plan));
  const url = `http://${address}:5000`;
  return { name: 'mesh', url, field: 'file', bytesPath: '/predict', pids: () => withDescendants(pid) };
}

async function startFastApi(
  stack: AsyncDisposableStack,
  runtime: 'torch' | 'onnxruntime',
  options: ContestantOptions,
): Promise<Contestant> {
  const port = await findFreePort();
  const args = ['--no-access-log', '--host', host, '--port', String(port), 'fastapi_baseline:app'];
  const pids = await startPython(stack, options, {
    name: `fastapi-${runtime}`,
    program: 'uvicorn',
    args,
    env: { RUNTIME: runtime },
    readyUrl: `http://${host}:${port}/ping`,
  });
  return { name: runtime, url: `http://${host}:${port}`, field: 'file', bytesPath: '/predict/bytes', pids };
}

async function startBentoMl(stack: AsyncDisposableStack, options: ContestantOptions): Promise<Contestant> {
  const port = await findFreePort();
  const home = join(options.place.folder, 'bentoml');
  mkdirSync(home);
  const pids = await startPython(stack, options, {
    name: 'bentoml',
    program: 'bentoml',
    args: ['serve', 'bentoml_baseline:Digits', '--working-dir', ownFolder, '--host', host, '--port', String(port)],
    env: { BENTOML_HOME: home, BENTOML_DO_NOT_TRACK: 'True' },
    readyUrl: `http://${host}:${port}/readyz`,
  });
  return { name: 'bentoml', url: `http://${host}:${port}`, field: 'images', pids };
}

async function startPython(
  stack: AsyncDisposableStack,
  { software, python, type, core, place }: ContestantOptions,
  {
    program,
    env,
    ...plan
  }: { name: string; program: string; args: string[]; env: Record<string, string>; readyUrl: string },
): Promise<() => number[]> {
  const settings = {
    MODEL: join(storeOf(software), `mnist-${type}`, '1', 'model.onnx'),
    MODEL_TYPE: type,
    OMP_NUM_THREADS: '1',
    PYTHONPATH: `${ownFolder}:${join(projectFolder, 'model_config')}`,
    PYTHONDONTWRITEBYTECODE: '1',
    ...env,
  };
  const command = join(dirname(python), program);
  const { pid } = await startProcess(
    stack,
    onCore(core, { ...plan, command, env: settings, folder: place.folder, readyWithinMs: 120_000 }),
  );
  return () => withDescendants(pid);
}

/** The folder that the networks for MNIST were published in when everything was installed. */
function storeOf({ networks }: Software): string {
  const folder = networks.find((each) => /(^|\/)networks-mnist-/.test(each));
  if (folder === undefined) throw new Error('there are no networks for MNIST');
  return folder;
}
