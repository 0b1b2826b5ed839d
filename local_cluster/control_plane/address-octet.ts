/**
 * Each embedded cluster has a second address octet of its own, 127.O.0.0/16, so that its ports can be
 * fixed and several clusters on one machine never meet.
 */
import { readFile } from 'node:fs/promises';
import net from 'node:net';

/** The control plane's ports, on 127.O.0.1. */
export const ports = {
  apiServer: 6443,
  etcdClient: 2379,
  etcdPeer: 2380,
  controllerManager: 10257,
  scheduler: 10259,
} as const;

/** Held listening for as long as the cluster lives: whoever holds it has the octet. */
const claimPort = 7443;
const lastOctet = 254;

/** An octet that is this cluster's until it is released or the process ends. */
export interface OctetClaim {
  octet: number;
  release(): Promise<void>;
}

export interface ClaimOptions {
  /** Where to look first; 244 if left out. */
  preferred?: number | undefined;
  /** The octet that the same cluster had before: pods of it may still listen there, and are taken over. */
  own?: number | undefined;
}

/**
 * Claims the cluster's own octet or the preferred one, otherwise the next free one above it (then from 1 on). One on
 * which anything of another cluster still listens is passed over, pods included: they outlive their cluster when that
 * is killed, and would answer at addresses that are given to other pods here.
 * @throws Error when all are taken
 */
export async function claimOctet({ own, preferred = own ?? 244 }: ClaimOptions = {}): Promise<OctetClaim> {
  for (let step = 0; step < lastOctet; step++) {
    const octet = ((preferred - 1 + step) % lastOctet) + 1;
    const claim = await listen(controlPlaneAddress(octet), claimPort);
    if (!claim) continue;
    const release = () => new Promise<void>((resolve) => claim.close(() => resolve()));
    if ((await arePortsFree(octet)) && (octet === own || (await listenersIn(octet)) <= 1)) return { octet, release };
    await release();
  }
  throw new Error('every address range of this machine, 127.1.0.0/16 to 127.254.0.0/16, is taken by another cluster');
}

/** The address that the control plane of a cluster listens on. */
export function controlPlaneAddress(octet: number): string {
  return `127.${octet}.0.1`;
}

async function arePortsFree(octet: number): Promise<boolean> {
  for (const port of Object.values(ports)) {
    if (!(await isPortFree(controlPlaneAddress(octet), port))) return false;
  }
  return true;
}

/**
 * How many sockets listen in 127.O.0.0/16, the claim's own included; 0 where the system does not tell (macOS).
 * Source: proc(5), /proc/net/tcp. The address is in hexadecimal, least significant byte first; state 0A is LISTEN.
 */
async function listenersIn(octet: number): Promise<number> {
  const table = await readFile('/proc/net/tcp', 'utf8').catch(() => '');
  const suffix = `${octet.toString(16).padStart(2, '0')}7F`.toUpperCase();
  return [...table.matchAll(/^\s*\d+: [0-9A-F]{4}([0-9A-F]{4}):[0-9A-F]{4} \S+ 0A /gm)].filter(
    ([, end]) => end === suffix,
  ).length;
}

/** Says whether this process could listen there. */
export async function isPortFree(address: string, port: number): Promise<boolean> {
  const server = await listen(address, port);
  if (!server) return false;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return true;
}

/** Listens, or gives undefined where the port is taken. An address that this machine has not got is an error. */
function listen(address: string, port: number): Promise<net.Server | undefined> {
  const server = net.createServer((connection) => connection.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ host: address, port, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}
