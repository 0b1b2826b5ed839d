/** The network that everything of a rig is in: one bridge, on which each node has a cable, and no way out. */
import { runCommand } from '../local_cluster/install/run-command.ts';
import { nodePlaces, outside, serviceRange } from './layout.ts';

/** Makes it; to be called in a network namespace of the rig's own. */
export async function prepareNetwork(): Promise<void> {
  const script = `
    set -e
    ip link set lo up
    ip link add ${outside.bridge} type bridge
    ip address add ${outside.address}/${outside.prefix} dev ${outside.bridge}
    ip link set ${outside.bridge} up
    ${nodePlaces.map(({ podRange, address }) => `ip route add ${podRange} via ${address}`).join('\n')}
    # kube-proxy sends them elsewhere, but what has no route is given up before.
    ip route add ${serviceRange} dev ${outside.bridge}
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    # What the nodes send each other only passes through.
    sysctl -q -w net.bridge.bridge-nf-call-iptables=0
  `;
  await runCommand('sh', ['-c', script]);
}
