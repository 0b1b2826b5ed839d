/**
 * Reads the usual kubeconfig, one file with certificates or a token, by itself. The library that reads every kind takes
 * a second of processor time to load, which each process of a mesh would spend before it could do anything.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { ClusterAccess } from './cluster-access.ts';

type Fields = Record<string, unknown>;

const clusterFields = ['server', 'certificate-authority', 'certificate-authority-data', 'tls-server-name'];
const userFields = [
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
  'token',
  'tokenFile',
];

/**
 * Gives what a kubeconfig says of a cluster; undefined if it is of a kind that this cannot read, or names nothing.
 * @param file the one that kubectl would take if left out
 */
export function readPlainKubeconfig(file: string | undefined, context: string | undefined): ClusterAccess | undefined {
  const place = file ?? defaultFile();
  if (!place || place.includes(delimiter) || !existsSync(place)) return undefined;
  const content = parse(readFileSync(place, 'utf8')) as Fields | null;
  const chosen = find(content?.contexts, context ?? content?.['current-context'], 'context');
  const cluster = find(content?.clusters, chosen?.cluster, 'cluster');
  const user = find(content?.users, chosen?.user, 'user');
  if (!cluster || !user || !has(cluster, clusterFields) || !has(user, userFields)) return undefined;
  const server = cluster.server as string | undefined;
  if (!server?.startsWith('https://')) return undefined;

  const read = (fields: Fields, name: string): Buffer | undefined => {
    const data = fields[`${name}-data`];
    if (typeof data === 'string') return Buffer.from(data, 'base64');
    const path = fields[name];
    return typeof path === 'string' ? readFileSync(resolve(dirname(place), path)) : undefined;
  };
  return {
    server,
    connectOptions: (tls) => ({ type: 'agent', connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 } }),
    async read() {
      const token = user.tokenFile
        ? readFileSync(resolve(dirname(place), user.tokenFile as string), 'utf8').trim()
        : user.token;
      const tls = {
        ca: read(cluster, 'certificate-authority'),
        cert: read(user, 'client-certificate'),
        key: read(user, 'client-key'),
        servername: cluster['tls-server-name'],
      };
      const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
      return {
        tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
        headers,
      };
    },
  };
}

function defaultFile(): string | undefined {
  return process.env.KUBECONFIG || join(homedir(), '.kube', 'config');
}

/** The value of the entry with this name in one of a kubeconfig's lists. */
function find(entries: unknown, name: unknown, key: string): Fields | undefined {
  if (!Array.isArray(entries) || !name) return undefined;
  return entries.find((entry) => entry?.name === name)?.[key] ?? undefined;
}

function has(fields: Fields, only: string[]): boolean {
  return Object.keys(fields).every((name) => only.includes(name));
}
