/** The programs that can build images: docker, podman and buildah, and what each has to be told. */
import { CommandError, type CommandOptions, runCommand } from '../../local_cluster/install/run-command.ts';

export const tools = ['docker', 'podman', 'buildah'] as const;
export type Tool = (typeof tools)[number];

/** A program that builds images here. */
export interface Builder {
  tool: Tool;
  /** How it is called: the program, and arguments that each of its commands takes. */
  command: string[];
  /** More arguments of a build. */
  buildArguments?: string[];
  /** More arguments of a push. */
  pushArguments?: string[];
}

/** What a build is told. */
export interface BuildRequest {
  dockerfile: string;
  context: string;
  target?: string | undefined;
  /** The name that the image gets. */
  tag: string;
  /** Values for the Dockerfile's ARGs. */
  args: Record<string, string>;
  /** Where the image's id goes. */
  idFile: string;
}

/** Asks whether a tool works: docker's command may be there without its daemon, and podman's without its machine. */
const probes: Record<Tool, string[]> = {
  docker: ['version', '--format', '{{.Server.Version}}'],
  podman: ['info', '--format', '{{.Version.Version}}'],
  buildah: ['version'],
};

/**
 * Finds the first of docker, podman and buildah that works here, or the one that is named.
 * @throws Error that says of each why it cannot be used
 */
export async function findBuilder(named?: Tool, run = runCommand): Promise<Builder> {
  const reasons: string[] = [];
  for (const tool of named ? [named] : tools) {
    try {
      await run(tool, probes[tool]);
      return { tool, command: [tool] };
    } catch (error) {
      reasons.push(`${tool} ${describeFault(error)}`);
    }
  }
  throw new Error(
    `images cannot be built here: ${reasons.join('; ')}. Install Docker, Podman or Buildah, or start its daemon`,
  );
}

function describeFault(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'is not installed';
  const said = error instanceof CommandError ? error.lines.at(-1) : undefined;
  return `does not work (${said ?? (error as Error).message})`;
}

/** The arguments that build an image. */
export function buildCommand({ tool, buildArguments = [] }: Builder, request: BuildRequest): string[] {
  const { dockerfile, context, target, tag, args, idFile } = request;
  return [
    'build',
    // Buildah alone keeps no stages for the next build unless it is told to.
    ...(tool === 'buildah' ? ['--layers'] : []),
    ...['--file', dockerfile],
    ...(target === undefined ? [] : ['--target', target]),
    ...['--tag', tag, '--iidfile', idFile],
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...buildArguments,
    context,
  ];
}

/** The arguments that write an image into an archive, under a name. */
export function archiveCommand({ tool }: Builder, image: string, file: string): string[] {
  if (tool === 'buildah') return ['push', image, `docker-archive:${file}:${image}`];
  return ['save', '--output', file, image];
}

/**
 * Runs one of a builder's commands. Docker builds with BuildKit, which the Dockerfiles' `RUN --mount` needs: before Docker 23, or
 * without its buildx component, it would take its older builder.
 */
export function runBuilder(
  { tool, command: [program, ...first] }: Builder,
  args: string[],
  options: CommandOptions = {},
): Promise<string> {
  const env = tool === 'docker' ? { env: { ...(options.env ?? process.env), DOCKER_BUILDKIT: '1' } } : {};
  return runCommand(program!, [...first, ...args], { ...options, ...env });
}
