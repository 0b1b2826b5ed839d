/**
 * `docker-compose.yml` as Docker runs it: Debian's daemon and its Compose, in the rig's network, with the images that the
 * rig's registry has. The daemon makes no rules for packets, which would be the nodes' as well; containers in one network of
 * Compose need none.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { images, localRepository, localTag } from '../../deployment/images/images.ts';
import { projectFolder, withWorkFolder } from '../../local_cluster/install/cache.ts';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import { readRecordFile } from '../../local_cluster/record-file.ts';
import { registry } from '../layout.ts';
import { defaultStateFolder, type OwnerRecord, ownerFile } from '../state.ts';

const front = 'http://127.0.0.1:8000';
const patience = { timeout: 60_000, interval: 200 };

/** Asks the front until it answers with 200, as while its backend reads the models. */
async function ask(target: string, options: RequestInit = {}): Promise<Response> {
  return vi.waitFor(async () => {
    const answer = await fetch(`${front}${target}`, options);
    expect([target, answer.status]).toEqual([target, 200]);
    return answer;
  }, patience);
}

/**
 * Runs the daemon while something is done; its containers' cgroups go with the rig's.
 * @param folder for what it stores
 */
async function withDocker(folder: string, work: (environment: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
  // The rig's own, and short: a socket's path has 107 characters at most.
  const run = mkdtempSync('/run/docker-');
  const { cgroup } = readRecordFile<OwnerRecord>(ownerFile(defaultStateFolder))!;
  const options = {
    ...{ host: `unix://${run}/api.sock`, 'exec-root': run, pidfile: `${run}/pid`, 'data-root': folder },
    ...{ 'insecure-registry': registry, 'cgroup-parent': `/${cgroup}/compose`, iptables: false, 'ip-forward': false },
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const daemon = spawn('dockerd', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const log = text(daemon.stderr);
  const ended = once(daemon, 'exit').then(async () => {
    throw new Error(`dockerd has ended:\n${(await log).slice(-2_000)}`);
  });
  try {
    const env = { ...process.env, DOCKER_HOST: options.host };
    const isUp = vi.waitFor(() => runCommand('docker', ['version'], { env }), patience);
    await Promise.race([isUp.then(() => work(env)), ended]);
  } finally {
    daemon.kill('SIGTERM');
    await ended.catch(() => undefined);
    rmSync(run, { recursive: true });
  }
}

test(
  'Compose runs the backend and the page without Kubernetes, behind the front',
  () =>
    withWorkFolder((folder) =>
      withDocker(folder, async (env) => {
        const docker = (...args: string[]) => runCommand('docker', args, { env });
        const file = ['--project-name', 'mesh', '--file', path.join(projectFolder, 'docker-compose.yml')];
        const compose = (...args: string[]) => runCommand('docker-compose', [...file, ...args], { env });
        for (const image of images.filter(({ name }) => name !== 'services')) {
          await docker('pull', `${registry}/${image.name}`);
          await docker('tag', `${registry}/${image.name}`, `${localRepository(image)}:${localTag}`);
        }
        await compose('up', '--no-build', '--detach');
        try {
          expect(await (await ask('/ping')).json()).toEqual({ status: 'ok' });
          const { models } = (await (await ask('/models')).json()) as { models: { name: string }[] };
          const names = models.map(({ name }) => name);
          expect(names).toEqual(expect.arrayContaining(['imagenet-efficientnet-lite0', 'mnist-cnn', 'mnist-ff']));
          const { samples } = (await (await ask('/models/mnist-cnn')).json()) as { samples: { image: string }[] };
          const seven = await (await fetch(samples[7]!.image)).arrayBuffer();
          const predicted = await (await ask('/predict?top=1', { method: 'POST', body: seven })).json();
          expect(predicted).toMatchObject({ model: 'mnist-cnn', predictions: [{ classes: [{ label: '7' }] }] });
          expect(await (await ask('/')).text()).toContain('<div id="root">');
        } finally {
          await compose('down', '--volumes', '--timeout', '5');
        }
      }),
    ),
  300_000,
);
