/** Installs what a command needs, side by side, and shows how it goes. The second time it only finds it. */
import declared from '../../model_config/datasets.json' with { type: 'json' };
import { etcdVersion, kubernetesVersion } from '../control_plane/versions.ts';
import { markUsed, removeUnused, withWorkFolder } from './cache.ts';
import { type DatasetSources, otherDatasets, prepareDataset, prepareMnist } from './datasets.ts';
import { installEnvoy } from './envoy.ts';
import { buildGoProgram, builtProgram, findGo, type GoProgram } from './go.ts';
import { preparePhotoNetwork, trainNetworks } from './networks.ts';
import { installPage } from './page.ts';
import { requirePerl } from './perl.ts';
import { findPython, type Python } from './python.ts';
import { installJobPackages, installTools } from './python-packages.ts';
import { installedRelease, installRelease } from './release-download.ts';
import { findRelease } from './releases.ts';
import { lockFiles } from './requirements.ts';
import { type Output, standardOutput } from './screen.ts';
import { createStepRunner, type StepResult, type StepRunner } from './step-runner.ts';

/** What the mesh runs on: paths of programs and folders on this machine. */
export interface Software {
  /** etcd, the API server, its controllers, the scheduler and kubectl: one program of all, or a folder with one of each. */
  controlPlane: string;
  /** Stands between a node agent and each container. */
  shim: string;
  envoy: string;
  /** The Python that has PyTorch. */
  python: string;
  /** Folders of data sets by name; all but MNIST's may be missing. */
  datasets: Record<string, string>;
  /** Folders with trained networks. */
  networks: string[];
}

/** What to install and how to show it. */
export interface InstallOptions {
  /** By name, where data sets may come from besides their own sources. */
  datasets?: Record<string, DatasetSources>;
  output?: Output;
  /** Aborted when the user wants it to stop. */
  cancel?: AbortSignal;
}

/** Installs all that the mesh runs on. */
export function installSoftware(options: InstallOptions = {}): Promise<Software> {
  return withRunner(options, async (runner, workFolder) => {
    const { step } = runner;
    step('Page', [], (context) => installPage(context));
    step('Perl', [], () => requirePerl());
    const python = step('Python', [], () => findPython());
    const packages = step('Python packages', [python], installJobPackages);
    const envoy = step('Envoy', [python], (context, found) => installEnvoy(context, found, workFolder));
    const { controlPlane, shim } = addGoSteps(runner, python, workFolder);
    const mnist = step('MNIST', [packages], prepareMnist);
    const mnistNetworks = step('Networks for MNIST', [packages, mnist], (context, found, data) =>
      trainNetworks(context, found, 'mnist', data),
    );
    const photoNetwork = step('Network for photos', [packages], preparePhotoNetwork);
    const others = otherDatasets.map((name) => {
      const { title } = declared[name];
      const sources = options.datasets?.[name] ?? {};
      const folder = step(title, [packages], (context, found) => prepareDataset(context, found, name, sources));
      const networks = step(`Networks for ${title}`, [packages, folder], async (context, found, data) =>
        data ? trainNetworks(context, found, name, data) : { value: undefined },
      );
      return { name, folder, networks };
    });
    await runner.finish();
    await removeUnused().catch(() => undefined); // What cannot be removed is in nobody's way.
    return {
      controlPlane: await controlPlane,
      shim: await shim,
      envoy: await envoy,
      python: await packages,
      datasets: await foldersOf([{ name: 'mnist', folder: mnist }, ...others]),
      networks: Object.values(
        await foldersOf([
          { name: 'mnist', folder: mnistNetworks },
          { name: 'photos', folder: photoNetwork },
          ...others.map(({ name, networks }) => ({ name, folder: networks })),
        ]),
      ),
    };
  });
}

/** Waits for the folders, and leaves out what is not available. */
async function foldersOf(
  named: { name: string; folder: Promise<string | undefined> }[],
): Promise<Record<string, string>> {
  const found = await Promise.all(named.map(async ({ name, folder }) => [name, await folder] as const));
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const day = 24 * 60 * 60 * 1000;

/** Keeps what a running mesh uses from being removed as unused by others. Gives what ends that. */
export function holdSoftware({ controlPlane, shim, envoy, python, datasets, networks }: Software): () => void {
  const files = [controlPlane, shim, envoy, python, ...Object.values(datasets), ...networks];
  const timer = setInterval(() => files.forEach(markUsed), day).unref();
  return () => clearInterval(timer);
}

/** Where the control plane's programs are, kubectl among them; undefined before they are installed. */
export function installedControlPlane(): string | undefined {
  const released = findRelease(kubernetesVersion, etcdVersion, process.arch);
  return builtProgram('control-plane') ?? (released && installedRelease(released));
}

/**
 * Installs what the tests run besides: pytest, ruff and the like, from `requirements/test-tools.in`. Gives the path of a
 * Python that has them, and PyTorch; their programs are beside it.
 * @param jobs the Python that has PyTorch
 */
export function installTestTools(jobs: string, options: InstallOptions = {}): Promise<string> {
  return withRunner(options, async (runner) => {
    const tools = runner.step('Test tools', [], async (context) => {
      const { value: python } = await findPython();
      return installTools(context, python, { name: 'test-tools', lock: lockFiles.testTools, sees: jobs });
    });
    await runner.finish();
    return tools;
  });
}

/** Installs Kubernetes' own end-to-end specs. Gives the path of the program that runs them; agnhost is beside it. */
export function installConformance(options: InstallOptions = {}): Promise<string> {
  return installGoProgram('conformance', 'End-to-end specs', options);
}

/** Programs of a cluster whose nodes run containers. */
export interface ContainerCluster {
  /** As in `Software`. */
  controlPlane: string;
  /** kubelet and kube-proxy, one program; coredns, metrics-server and pause are beside it. */
  nodePrograms: string;
}

/** Installs the programs of a cluster whose nodes run containers: those that come from Go modules. */
export function installContainerCluster(options: InstallOptions = {}): Promise<ContainerCluster> {
  return withRunner(options, async (runner, workFolder) => {
    const python = runner.step('Python', [], () => findPython());
    const { go, controlPlane } = addControlPlaneSteps(runner.step, python, workFolder, 'node-programs');
    // After the control plane, whose packages it shares: both at once would compile them twice.
    const nodePrograms = runner.step('Programs of the nodes', [go, controlPlane], (context, found) =>
      buildGoProgram(context, 'node-programs', found, workFolder),
    );
    await runner.finish();
    return { controlPlane: await controlPlane, nodePrograms: await nodePrograms };
  });
}

/** Installs kube-score, which the manifests are linted with. Gives the path of its program. */
export function installManifestLinter(options: InstallOptions = {}): Promise<string> {
  return installGoProgram('kube-score', 'Manifest linter', options);
}

/** Compiles the shim's own tests. Gives the path of the program that runs them. */
export function installShimTests(options: InstallOptions = {}): Promise<string> {
  return installGoProgram('shim-tests', "Container shim's tests", options);
}

function installGoProgram(program: GoProgram, title: string, options: InstallOptions): Promise<string> {
  return withRunner(options, async (runner, workFolder) => {
    const built = builtProgram(program);
    if (built) return built;
    const python = runner.step('Python', [], () => findPython());
    const go = runner.step('Go', [python], (context, found) => findGo(context, found, workFolder));
    const compiled = runner.step(title, [go], (context, found) => buildGoProgram(context, program, found, workFolder));
    await runner.finish();
    return compiled;
  });
}

/**
 * Adds the steps that give the programs of Go: downloaded where releases can be reached, else built. Go itself is
 * only looked for if something is to be built.
 */
function addGoSteps(
  { step }: StepRunner,
  python: Promise<Python>,
  workFolder: string,
): { controlPlane: Promise<string>; shim: Promise<string> } {
  const { go, controlPlane } = addControlPlaneSteps(step, python, workFolder, 'shim');
  return {
    controlPlane,
    shim: step('Container shim', [go], (context, found) => buildGoProgram(context, 'shim', found, workFolder)),
  };
}

/** Adds the steps that give the control plane and the Go that builds `other` too. */
function addControlPlaneSteps(
  step: StepRunner['step'],
  python: Promise<Python>,
  workFolder: string,
  other: GoProgram,
): { go: Promise<string>; controlPlane: Promise<string> } {
  const released = findRelease(kubernetesVersion, etcdVersion, process.arch);
  const isMissing = (program: GoProgram) => builtProgram(program) === undefined;
  const release = step('Kubernetes', [], async (context): Promise<StepResult<string | undefined>> => {
    return released && isMissing('control-plane') ? installRelease(context, released) : { value: undefined };
  });
  const go = step('Go', [python, release], async (context, found, folder) => {
    const isNeeded = (!folder && isMissing('control-plane')) || isMissing(other);
    return isNeeded ? findGo(context, found, workFolder) : { value: 'go' };
  });
  const controlPlane = step('Kubernetes', [go, release], async (context, found, folder) =>
    folder ? { value: folder } : buildGoProgram(context, 'control-plane', found, workFolder),
  );
  return { go, controlPlane };
}

async function withRunner<T>(
  { output = standardOutput(), cancel }: InstallOptions,
  work: (runner: StepRunner, workFolder: string) => Promise<T>,
): Promise<T> {
  requirePlatform();
  return withWorkFolder((workFolder) => work(createStepRunner(output, cancel), workFolder));
}

/** @throws Error on a system that pods cannot be run on as processes, saying what to do there */
export function requirePlatform(platform: string = process.platform, arch: string = process.arch): void {
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return;
  throw new Error(
    `the embedded cluster needs Linux on x64 or arm64, and this is ${platform} on ${arch}. ` +
      'Start a cluster with kind or minikube, and run `npm start -- --context NAME` with its context',
  );
}
