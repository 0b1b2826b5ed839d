/**
 * What this machine has been told about package registries, for builds: its certificates, addresses and credentials
 * reach them as mounts, so that no layer of an image holds any of it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where builds find what is mounted. */
const inBuild = { certificates: '/run/registry-certificates.crt', pip: '/etc/pip.conf', npm: '/root/.npmrc' } as const;
const pipSettings = ['index-url', 'extra-index-url', 'trusted-host', 'timeout', 'retries'];

/** Writes the settings' files into a folder; gives the arguments of a build that mount them. */
export function mountRegistrySettings(folder: string, environment: NodeJS.ProcessEnv = process.env): string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const certificates = findCertificates(environment);
  const written = {
    pip: describePip(environment, certificates !== undefined),
    npm: describeNpm(environment, certificates !== undefined),
  };
  const mounts = Object.entries(written).map(([name, content]) => {
    const file = path.join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return [file, inBuild[name as keyof typeof written]];
  });
  if (certificates) mounts.push([certificates, inBuild.certificates]);
  return mounts.flatMap(([from, to]) => ['--volume', `${from}:${to}:ro`]);
}

/** The certificates that this machine trusts, where registries are reached with its own. */
function findCertificates(environment: NodeJS.ProcessEnv): string | undefined {
  const named = ['PIP_CERT', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'].map((name) => environment[name]);
  return [...named, '/etc/ssl/certs/ca-certificates.crt'].find((file) => file && existsSync(file));
}

/** The environment counts before pip's own files, as with pip. */
function describePip(environment: NodeJS.ProcessEnv, hasCertificates: boolean): string {
  const files = [
    '/etc/pip.conf',
    path.join(os.homedir(), '.config/pip/pip.conf'),
    path.join(os.homedir(), '.pip/pip.conf'),
  ];
  const settings = new Map(files.flatMap(readLines).flatMap((line) => readSetting(line, pipSettings)));
  for (const name of pipSettings) {
    const value = environment[`PIP_${name.toUpperCase().replaceAll('-', '_')}`];
    if (value) settings.set(name, value);
  }
  if (hasCertificates) settings.set('cert', inBuild.certificates);
  return `[global]\n${[...settings].map(([name, value]) => `${name} = ${value}\n`).join('')}`;
}

function describeNpm(environment: NodeJS.ProcessEnv, hasCertificates: boolean): string {
  const own = readLines(path.join(os.homedir(), '.npmrc')).filter(
    (line) => !/^\s*(cafile|nodedir|prefix|cache)\s*=/.test(line),
  );
  const registry = environment.npm_config_registry ?? environment.NPM_CONFIG_REGISTRY;
  return [
    ...own,
    ...(registry ? [`registry=${registry}`] : []),
    ...(hasCertificates ? [`cafile=${inBuild.certificates}`] : []),
    '',
  ].join('\n');
}

function readLines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}

function readSetting(line: string, known: string[]): [string, string][] {
  const [, name = '', value = ''] = /^\s*([\w-]+)\s*[=:]\s*(.+?)\s*$/.exec(line) ?? [];
  return known.includes(name) ? [[name, value]] : [];
}
