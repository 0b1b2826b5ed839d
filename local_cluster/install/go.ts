/**
 * Builds the project's Go programs with caches of their own, never the user's. The machine's Go does
 * it if it is new enough; otherwise one is fetched for the build and removed after it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { kubernetesVersion } from '../control_plane/versions.ts';
import { hashInputs, keep, keptFolder, projectFolder, requireRoom } from './cache.ts';
import type { Python } from './python.ts';
import { lockFiles } from './requirements.ts';
import { runCommand } from './run-command.ts';
import type { StepContext, StepResult } from './step-runner.ts';
import { createEnvironment, installLocked } from './virtual-environment.ts';

const oldestMinor = 26;
/** The compiler collects its own garbage less often where there is memory for it. */
const frugalBelowBytes = 8e9;

/** The Go programs that the project has. */
export type GoProgram = 'control-plane' | 'shim' | 'shim-tests' | 'conformance' | 'node-programs' | 'kube-score';

const sources: Record<GoProgram, string> = {
  'control-plane': path.join(projectFolder, 'local_cluster', 'control_plane'),
  shim: path.join(projectFolder, 'local_cluster', 'shim'),
  'shim-tests': path.join(projectFolder, 'local_cluster', 'shim'),
  conformance: path.join(projectFolder, 'local_cluster', 'conformance'),
  'node-programs': path.join(projectFolder, 'container_rig', 'node_programs'),
  'kube-score': path.join(projectFolder, 'manifests', 'lint'),
};

/** Compiled in seconds, with little room: they need nothing but the standard library. */
const small = new Set<GoProgram>(['shim', 'shim-tests']);

/** Programs that are not their folder's own but another module's, whose version the folder's go.mod names. */
const fromModules: Partial<Record<GoProgram, string>> = {
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score',
};

/** What is built besides the program itself, into the same folder. */
const companions: Partial<Record<GoProgram, string[]>> = {
  conformance: ['k8s.io/kubernetes/test/images/agnhost'],
  'node-programs': ['./coredns', './pause', 'sigs.k8s.io/metrics-server/cmd/metrics-server'],
};

/** The path of a program that is there already. */
export function builtProgram(program: GoProgram): string | undefined {
  const file = path.join(keptFolder(program, hashOf(program)), program);
  return existsSync(file) ? file : undefined;
}

/** Finds the machine's Go or fetches one into the work folder. Gives the path of its program; not asked if nothing is to be built. */
export async function findGo(context: StepContext, python: Python, workFolder: string): Promise<StepResult<string>> {
  const version = await runCommand('go', ['version'], {
    env: { ...process.env, GOTOOLCHAIN: 'local', XDG_CONFIG_HOME: workFolder },
  }).catch(() => '');
  const [, minor] = /go1\.(\d+)/.exec(version) ?? [];
  if (Number(minor) >= oldestMinor) return { value: 'go' };
  context.say(`this machine has ${minor ? `Go 1.${minor}, which is too old` : 'no Go'}; fetching one for the build`);
  const environment = await createEnvironment(context, python, path.join(workFolder, 'go-environment'));
  await installLocked(context, environment, [lockFiles.go]);
  return { value: path.join(path.dirname(environment), 'go'), done: 'fetched, for the build only' };
}

/** Finds or builds a program; gives its path. `go` is only used if it has to be built. */
export async function buildGoProgram(
  context: StepContext,
  program: GoProgram,
  go: string,
  workFolder: string,
): Promise<StepResult<string>> {
  const { folder, fresh } = await keep(
    program,
    hashOf(program),
    async (unfinished) => {
      if (!small.has(program)) requireRoom(6);
      await compile(context, program, go, workFolder, unfinished);
    },
    { signal: context.signal, onWait: () => context.say('another installation is building it; waiting') },
  );
  return { value: path.join(folder, program), done: fresh ? 'built' : undefined };
}

async function compile(
  context: StepContext,
  program: GoProgram,
  go: string,
  workFolder: string,
  targetFolder: string,
): Promise<void> {
  const source = path.join(workFolder, `${program}-source`);
  cpSync(sources[program], source, { recursive: true });
  const options = { cwd: source, env: buildEnvironment(workFolder), signal: context.signal };
  let modules = 0;
  context.say('fetching modules');
  const countModules = (line: string) => {
    if (line.startsWith('go: downloading')) context.say(`${++modules} modules fetched`);
  };
  const wanted = [fromModules[program] ?? '.', ...(companions[program] ?? [])];
  // While modules are fetched nothing else is done, so the standard library, which most of them need, is compiled meanwhile.
  const fetched = new AbortController();
  const standard = small.has(program) ? undefined : [...compilerFlags, 'std'];
  const meanwhile = standard
    ? runCommand(go, ['build', ...standard], { ...options, signal: AbortSignal.any([context.signal, fetched.signal]) })
    : Promise.resolve('');
  meanwhile.catch(() => undefined); // It is compiled again with the rest, which tells.
  const listed = program === 'shim-tests' ? ['-test', '-deps', ...wanted] : ['-deps', ...wanted];
  const packages = await runCommand(go, ['list', ...listed], { ...options, onLine: countModules });
  fetched.abort();
  await meanwhile.catch(() => undefined);
  const total = packages.split('\n').length;
  let compiled = 0;
  const countPackages = (line: string) => {
    if (!/^[\w.-]+(\/\S+)?$/.test(line)) return;
    compiled++;
    context.say(compiled < total - 1 ? `${compiled} of ${total} packages compiled` : `linking`);
  };
  const flags = [...compilerFlags, '-v', '-ldflags', linkerFlags(program)];
  const build =
    program === 'shim-tests'
      ? ['test', '-c', ...flags, '-o', path.join(targetFolder, program), '.']
      : ['build', ...flags, '-o', `${targetFolder}/`, ...wanted];
  await runCommand(go, build, { ...options, onLine: countPackages });
}

/** Debugging information is left out of the program anyway; without making it, compiling takes a tenth less. */
const compilerFlags = ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false'];

/** Without the version the API server would call itself v0.0.0. */
function linkerFlags(program: GoProgram): string {
  if (small.has(program)) return '-s -w';
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubernetesVersion) ?? [];
  const values = { gitVersion: kubernetesVersion, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const settings = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((owner) =>
    Object.entries(values).map(([name, value]) => `-X ${owner}.${name}=${value}`),
  );
  return ['-s', '-w', ...settings].join(' ');
}

/**
 * Everything that Go writes goes into the work folder; the user's settings (a module proxy, say) are still read. MESH_GO_CACHE
 * names a folder for what the builds of several commands have in common; whoever sets it removes it.
 */
function buildEnvironment(workFolder: string): NodeJS.ProcessEnv {
  const make = (folder: string) => {
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  const inWorkFolder = (name: string) => make(path.join(workFolder, name));
  const inCache = (name: string) => make(path.join(process.env.MESH_GO_CACHE || workFolder, name));
  const configuration = process.env.XDG_CONFIG_HOME || path.join(process.env.HOME || os.tmpdir(), '.config');
  return {
    ...process.env,
    CGO_ENABLED: '0',
    ...(memoryBytes() >= frugalBelowBytes && { GOGC: '400' }),
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    GOFLAGS: '',
    GOENV: process.env.GOENV ?? path.join(configuration, 'go', 'env'),
    XDG_CONFIG_HOME: inWorkFolder('go-config'),
    GOPATH: inCache('go-path'),
    GOMODCACHE: inCache('go-modules'),
    GOCACHE: inCache('go-cache'),
    GOTMPDIR: inWorkFolder('go-tmp'),
  };
}

/** What this machine, or the container that this runs in, has. */
function memoryBytes(): number {
  return Math.min(os.totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

function hashOf(program: GoProgram): string {
  const folder = sources[program];
  const hasTests = program === 'shim-tests';
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /^go\.(mod|sum)$|\.go$/.test(name) && (hasTests || !name.endsWith('_test.go')),
  );
  const files = names.sort().map((name) => ({ file: name, content: readFileSync(path.join(folder, name)) }));
  return hashInputs([process.arch, linkerFlags(program), ...files]);
}
