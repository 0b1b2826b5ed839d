/**
 * All certificates, keys and kubeconfigs of an embedded cluster, in its state folder.
 *
 * The authorities and the key that signs service accounts' tokens are made once and kept, so that tokens and
 * kubeconfigs that were handed out stay good. Everything that they sign is made anew at each start: it then
 * names the addresses that this run has, and never expires in use.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { writeFileSafely } from '../record-file.ts';
import {
  createAuthority,
  createSigningKeys,
  isSoundPair,
  issueCertificate,
  type KeyPair,
  type Subject,
} from './certificates.ts';
import { requireReplacement } from './pending-replacement.ts';

/** Names of the two nodes, in order. */
export const nodeNames = ['node-1', 'node-2'] as const;

/** Who the API server is to extension API servers. */
export const frontProxyName = 'front-proxy-client';

/** Paths of the files that the components read. Every one is readable by this user only. */
export interface Credentials {
  /** Signs who a client of the API server is. */
  clusterCa: string;
  /** Signs etcd's clients: the API server, and nobody else. */
  etcdCa: string;
  /** Signs the one client that the nodes' log ports answer: the API server. */
  nodeClientCa: string;
  /** Signs the one client whose word extension API servers take for who a user is: the API server. */
  frontProxyCa: string;
  serviceAccountKey: string;
  serviceAccountPublicKey: string;
  apiServer: KeyPair;
  etcd: KeyPair;
  etcdClient: KeyPair;
  nodeClient: KeyPair;
  frontProxyClient: KeyPair;
  controllerManager: KeyPair;
  scheduler: KeyPair;
  admin: KeyPair;
  nodes: Record<(typeof nodeNames)[number], KeyPair>;
  /** Kubeconfig files. */
  kubeconfigs: Record<ClientName, string>;
}

/** Who is given a kubeconfig, and who each is to the API server. */
const identities = {
  admin: { user: 'mesh-admin', groups: ['system:masters'] },
  'controller-manager': { user: 'system:kube-controller-manager' },
  scheduler: { user: 'system:kube-scheduler' },
  'node-1': { user: 'system:node:node-1', groups: ['system:nodes'] },
  'node-2': { user: 'system:node:node-2', groups: ['system:nodes'] },
} satisfies Record<string, Subject>;

/** A name of those. */
export type ClientName = keyof typeof identities;

/** What differs between clusters. */
export interface CredentialOptions {
  /** Name of the kubeconfigs' context; `ml-job-mesh` if left out. */
  context?: string;
  /** Where else than at its address the API server is reached: its Service's address, say. */
  apiServerHosts?: string[];
  /** Addresses and names at which others serve with the certificate that they have as clients. */
  hosts?: Partial<Record<ClientName, string[]>>;
}

/**
 * Makes what is missing and issues this run's certificates.
 * @param address the control plane's address, for instance `127.244.0.1`
 */
export async function prepareCredentials(
  stateFolder: string,
  address: string,
  port: number,
  { context = 'ml-job-mesh', apiServerHosts = [], hosts = {} }: CredentialOptions = {},
): Promise<Credentials> {
  const folder = path.join(stateFolder, 'pki');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  /** Pods that are left of earlier starts trust the authority that is lost, and their tokens are from the key that is. */
  const noteLoss = (what: string) => {
    if (existsSync(path.join(stateFolder, 'etcd'))) requireReplacement(stateFolder, `${what} was lost`);
  };
  const cluster = await keptAuthority(folder, 'ml-job-mesh-cluster', () => noteLoss("the cluster's authority"));
  const etcd = await keptAuthority(folder, 'ml-job-mesh-etcd');
  const nodeClient = await keptAuthority(folder, 'ml-job-mesh-node-client');
  const frontProxy = await keptAuthority(folder, 'ml-job-mesh-front-proxy');
  const serviceAccountKey = path.join(folder, 'service-account.key');
  const serviceAccountPublicKey = path.join(folder, 'service-account.pub');
  if (!isSoundSigningKey(serviceAccountKey, serviceAccountPublicKey)) {
    noteLoss("the key of the accounts' tokens");
    const { privateKey, publicKey } = await createSigningKeys();
    writeFileSafely(serviceAccountPublicKey, publicKey);
    writeFileSafely(serviceAccountKey, privateKey);
  }

  const issue = async (name: string, authority: KeyPair, subject: Subject, hosts?: string[]) =>
    writePair(folder, name, await issueCertificate(authority, subject, hosts));
  const served = { 'controller-manager': [address], scheduler: [address], ...hosts } as Record<string, string[]>;
  const clients = {} as Record<ClientName, KeyPair>;
  const kubeconfigs = {} as Credentials['kubeconfigs'];
  for (const [name, subject] of Object.entries(identities) as [ClientName, Subject][]) {
    clients[name] = await issue(name, cluster, subject, served[name]);
    kubeconfigs[name] = path.join(stateFolder, name === 'admin' ? 'kubeconfig' : `pki/${name}.kubeconfig`);
    const place = { server: `https://${address}:${port}`, context };
    writePrivate(kubeconfigs[name], buildKubeconfig(cluster, clients[name], name, place));
  }
  const apiServerNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'];
  return {
    clusterCa: path.join(folder, 'ml-job-mesh-cluster-ca.crt'),
    etcdCa: path.join(folder, 'ml-job-mesh-etcd-ca.crt'),
    nodeClientCa: path.join(folder, 'ml-job-mesh-node-client-ca.crt'),
    frontProxyCa: path.join(folder, 'ml-job-mesh-front-proxy-ca.crt'),
    serviceAccountKey,
    serviceAccountPublicKey,
    apiServer: await issue('kube-apiserver', cluster, { user: 'kube-apiserver' }, [
      address,
      ...apiServerNames,
      ...apiServerHosts,
    ]),
    etcd: await issue('etcd', etcd, { user: 'etcd' }, [address]),
    etcdClient: await issue('etcd-client', etcd, { user: 'kube-apiserver-etcd-client' }),
    nodeClient: await issue('kubelet-client', nodeClient, { user: 'kube-apiserver-kubelet-client' }),
    frontProxyClient: await issue('front-proxy-client', frontProxy, { user: frontProxyName }),
    controllerManager: clients['controller-manager'],
    scheduler: clients.scheduler,
    admin: clients.admin,
    nodes: { 'node-1': clients['node-1'], 'node-2': clients['node-2'] },
    kubeconfigs,
  };
}

function buildKubeconfig(
  authority: KeyPair,
  client: KeyPair,
  user: string,
  { server, context }: { server: string; context: string },
): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: context, cluster: { 'certificate-authority-data': base64(authority.certificate), server } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(readFileSync(client.certificate, 'utf8')),
          'client-key-data': base64(readFileSync(client.key, 'utf8')),
        },
      },
    ],
    contexts: [{ name: context, context: { cluster: context, user } }],
    'current-context': context,
  });
}

/**
 * An authority that is read from the folder, or made and written there. A damaged one is lost. Gives PEM, not paths.
 * @param beforeMaking called before it is made
 */
async function keptAuthority(folder: string, name: string, beforeMaking = () => {}): Promise<KeyPair> {
  const certificateFile = path.join(folder, `${name}-ca.crt`);
  const keyFile = path.join(folder, `${name}-ca.key`);
  const kept = { certificate: readIfThere(certificateFile), key: readIfThere(keyFile) };
  if (isSoundPair(kept)) return kept;
  beforeMaking();
  const authority = await createAuthority(name);
  writeFileSafely(keyFile, authority.key);
  writeFileSafely(certificateFile, authority.certificate);
  return authority;
}

function isSoundSigningKey(privateFile: string, publicFile: string): boolean {
  try {
    const ofPrivate = createPublicKey(createPrivateKey(readIfThere(privateFile)));
    return ofPrivate.equals(createPublicKey(readIfThere(publicFile)));
  } catch {
    return false;
  }
}

/** Empty when there is no such file. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Writes a pair and gives the paths of its two files. */
function writePair(folder: string, name: string, pair: KeyPair): KeyPair {
  const files = { certificate: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
  writePrivate(files.certificate, pair.certificate);
  writePrivate(files.key, pair.key);
  return files;
}

function writePrivate(file: string, content: string): void {
  writeFileSync(file, content, { mode: 0o600 });
}
