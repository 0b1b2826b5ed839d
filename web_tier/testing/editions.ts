// The editions of the front's Envoy file, made by the image's own command.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { KeyPair } from '../../local_cluster/control_plane/certificates.ts';

const folderInImage = '/etc/envoy/';
const sources = ['web_tier_envoy.yaml', 'tls_certificate.yaml'];

/**
 * Does what Dockerfile.web-tier does for the editions, in a folder of the test's instead of the image's.
 * @returns finds an edition's file
 */
export async function makeEditions(folder: string): Promise<(edition: string) => URL> {
  const read = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8');
  for (const name of sources) {
    await writeFile(join(folder, name), (await read(name)).replaceAll(folderInImage, `${folder}/`));
  }
  const command = /^RUN (for edition in .*)$/m.exec(await read('Dockerfile.web-tier'))![1]!;
  await promisify(execFile)('sh', ['-c', command.replaceAll(folderInImage, `${folder}/`)]);
  return (edition) => pathToFileURL(join(folder, `web_tier_envoy.${edition}.yaml`));
}

/** Puts a certificate where the front looks for it, as the kubelet does: all files of a Secret change at once. */
export async function mountCertificate(folder: string, { certificate, key }: KeyPair, version: number): Promise<void> {
  const mount = join(folder, 'tls');
  const data = join(mount, `..${version}`);
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'tls.crt'), certificate);
  await writeFile(join(data, 'tls.key'), key);
  await symlink(`..${version}`, join(mount, '..data_tmp'));
  await rename(join(mount, '..data_tmp'), join(mount, '..data'));
  if (version > 1) return;
  for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(mount, name));
}
