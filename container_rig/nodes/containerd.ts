/** containerd's settings on a node, and those of the pods' network. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type NodePlace, pauseImage, registry } from '../layout.ts';

/** Where a node's containerd listens, in the node's own `/run`. */
export const containerdSocket = '/run/containerd/containerd.sock';

/** Where Debian has the plugins of the pods' network. */
const pluginFolder = '/usr/lib/cni';

/**
 * Writes the files.
 * @param folder the node's own
 * @param mayLowerOomScores false where this machine withholds CAP_SYS_RESOURCE: no pod could be started then
 * @returns the path of containerd's file
 */
export function writeContainerdSettings(folder: string, place: NodePlace, mayLowerOomScores: boolean): string {
  const networkFolder = path.join(folder, 'network');
  mkdirSync(networkFolder, { recursive: true });
  writeFileSync(path.join(networkFolder, '10-rig.conflist'), JSON.stringify(describeNetwork(place)));
  const registries = path.join(folder, 'registries');
  mkdirSync(path.join(registries, registry), { recursive: true });
  writeFileSync(
    path.join(registries, registry, 'hosts.toml'),
    `server = "http://${registry}"\n[host."http://${registry}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  const file = path.join(folder, 'containerd.toml');
  writeFileSync(file, describeContainerd({ folder, networkFolder, registries, mayLowerOomScores }));
  return file;
}

interface Places {
  folder: string;
  networkFolder: string;
  registries: string;
  mayLowerOomScores: boolean;
}

function describeContainerd({ folder, networkFolder, registries, mayLowerOomScores }: Places): string {
  const text = JSON.stringify;
  return `version = 2
root = ${text(path.join(folder, 'containerd'))}
state = "/run/containerd"

[grpc]
  address = ${text(containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(path.join(folder, 'opt'))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  restrict_oom_score_adj = ${!mayLowerOomScores}

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(pluginFolder)}
  conf_dir = ${text(networkFolder)}

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = ${text(registries)}
`;
}

/** Pods of one node share a bridge. Nothing is masqueraded: whoever is called sees who calls. */
function describeNetwork(place: NodePlace): object {
  return {
    cniVersion: '0.4.0',
    name: 'rig',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: place.podRange }]],
          routes: [{ dst: '0.0.0.0/0' }],
          // Forgotten with the node's namespaces, as the pods' addresses are.
          dataDir: '/run/cni-addresses',
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}
