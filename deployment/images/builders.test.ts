import { expect, test } from 'vitest';
import { CommandError } from '../../local_cluster/install/run-command.ts';
import { archiveCommand, buildCommand, findBuilder, runBuilder } from './builders.ts';

const notInstalled = Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT' });

test('the first builder that works is taken: a docker command without its daemon is passed over', async () => {
  const asked: string[] = [];
  const builder = await findBuilder(undefined, async (tool, args) => {
    asked.push(`${tool} ${args[0]}`);
    if (tool === 'docker') throw new CommandError(tool, args, 'exit code 1', ['Cannot connect to the Docker daemon']);
    if (tool === 'podman') throw notInstalled;
    return 'buildah version 1.28.2';
  });
  expect(asked).toEqual(['docker version', 'podman info', 'buildah version']);
  expect(builder).toEqual({ tool: 'buildah', command: ['buildah'] });
});

test('where none works, it is said of each why', async () => {
  const run = async (tool: string, args: string[]) => {
    if (tool === 'docker') throw new CommandError(tool, args, 'exit code 1', ['Cannot connect to the Docker daemon']);
    throw notInstalled;
  };
  await expect(findBuilder(undefined, run)).rejects.toThrow(
    'images cannot be built here: docker does not work (Cannot connect to the Docker daemon); podman is not installed; buildah is not installed. Install Docker, Podman or Buildah, or start its daemon',
  );
  await expect(findBuilder('podman', run)).rejects.toThrow(
    'images cannot be built here: podman is not installed. Install Docker, Podman or Buildah, or start its daemon',
  );
});

const request = {
  ...{ dockerfile: '/p/Dockerfile', context: '/p', tag: 'localhost/ml-job-mesh/web-ui:local', idFile: '/tmp/id' },
  args: { TORCH_INDEX: 'https://torch.example/cpu' },
};

test('a build names its Dockerfile, its stage, its arguments and its folder', () => {
  expect(buildCommand({ tool: 'docker', command: ['docker'] }, { ...request, target: 'web-ui' })).toEqual([
    ...['build', '--file', '/p/Dockerfile', '--target', 'web-ui', '--tag', 'localhost/ml-job-mesh/web-ui:local'],
    ...['--iidfile', '/tmp/id', '--build-arg', 'TORCH_INDEX=https://torch.example/cpu', '/p'],
  ]);
});

test('buildah is told to keep the stages for the next build', () => {
  const builder = { tool: 'buildah', command: ['buildah'], buildArguments: ['--isolation', 'chroot'] } as const;
  expect(
    buildCommand({ ...builder, command: [...builder.command], buildArguments: [...builder.buildArguments] }, request),
  ).toEqual([
    ...['build', '--layers', '--file', '/p/Dockerfile', '--tag', 'localhost/ml-job-mesh/web-ui:local'],
    ...['--iidfile', '/tmp/id', '--build-arg', 'TORCH_INDEX=https://torch.example/cpu', '--isolation', 'chroot', '/p'],
  ]);
});

test.each([
  ['docker', ['save', '--output', '/tmp/a.tar', 'x:local']],
  ['podman', ['save', '--output', '/tmp/a.tar', 'x:local']],
  ['buildah', ['push', 'x:local', 'docker-archive:/tmp/a.tar:x:local']],
] as const)('%s writes an image into an archive', (tool, expected) => {
  expect(archiveCommand({ tool, command: [tool] }, 'x:local', '/tmp/a.tar')).toEqual(expected);
});

test.each([
  ['docker', '1'],
  ['podman', ''],
] as const)('%s is asked for BuildKit: "%s"', async (tool, expected) => {
  const { DOCKER_BUILDKIT: _, ...env } = process.env;
  const builder = { tool, command: ['sh', '-c'] };
  expect(await runBuilder(builder, ['printenv DOCKER_BUILDKIT || true'], { env })).toBe(expected);
});
