/**
 * The rig's first process but one, in namespaces of the rig's own: it starts everything else there, and when it ends, the
 * kernel takes all of it away. It is started by `rig.ts`, and ends when that does, however that was.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../local_cluster/install/run-command.ts';
import { startCluster } from './cluster.ts';
import { serveControls } from './controls/server.ts';
import type { InsideMessage, InsideOptions } from './inside-options.ts';
import { dnsAddress } from './layout.ts';
import { prepareNetwork } from './network.ts';
import { startRegistry } from './registry.ts';

const options: InsideOptions = JSON.parse(process.argv[2]!);
const tell = (message: InsideMessage) => process.send?.(message);
process.on('disconnect', () => process.exit(1));
// A Ctrl-C in the terminal is for the process that started this one, which then ends it.
process.on('SIGINT', () => undefined);

try {
  await prepareMounts(options.stateFolder);
  await prepareNetwork();
  const log = (line: string) => tell({ say: line });
  const [cluster] = await Promise.all([startCluster(options, log), startRegistry(options.stateFolder, log)]);
  await serveControls(path.join(options.stateFolder, 'controls.sock'), cluster.nodes);
  const nodes = cluster.nodes.map(({ place, processes, cgroup }) => [place.name, { ...processes, cgroup }]);
  tell({ ready: { kubeconfig: cluster.kubeconfig, nodes: Object.fromEntries(nodes) } });
} catch (error) {
  tell({ failed: (error as Error).message });
  process.exitCode = 1;
  process.disconnect?.();
}

/** A private `/run`, and the cluster's DNS for whatever is run in here. */
async function prepareMounts(stateFolder: string): Promise<void> {
  mkdirSync(stateFolder, { recursive: true });
  const resolver = path.join(stateFolder, 'resolv.conf');
  writeFileSync(resolver, `nameserver ${dnsAddress}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n`);
  await runCommand('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'rig', '/run']);
  mkdirSync('/run/lock');
  await runCommand('mount', ['--bind', resolver, '/etc/resolv.conf']);
  await runCommand('hostname', ['rig']);
}
