/** Brings built images to a registry, each under the digest that the registry knows it by. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Builder, runBuilder } from './builders.ts';

/** What a push needs besides the image. */
interface PushOptions {
  /** The registry speaks HTTP without TLS. */
  plainHttp?: boolean;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Pushes an image and gives its digest in the registry.
 * @param image its id or its name here
 * @param destination repository and tag, with the registry's name
 * @throws Error if the registry does not take it
 */
export async function pushImage(
  builder: Builder,
  image: string,
  destination: string,
  options: PushOptions = {},
): Promise<string> {
  const { onLine, signal } = options;
  const run = (args: string[]) => runBuilder(builder, args, { ...(onLine && { onLine }), ...(signal && { signal }) });
  const digest =
    builder.tool === 'docker'
      ? await pushByDaemon(run, image, destination)
      : await pushBySelf(run, builder, image, destination, options.plainHttp ?? false);
  if (!digestPattern.test(digest)) throw new Error(`${builder.tool} gave no digest for ${destination}: "${digest}"`);
  return digest;
}

type Run = (args: string[]) => Promise<string>;

/** Docker's daemon pushes names only, and decides itself which registries may be asked without TLS. */
async function pushByDaemon(run: Run, image: string, destination: string): Promise<string> {
  await run(['tag', image, destination]);
  await run(['push', destination]);
  const known = JSON.parse(
    await run(['image', 'inspect', '--format', '{{json .RepoDigests}}', destination]),
  ) as string[];
  const repository = withoutDefaults(withoutTag(destination));
  const found = known.map((one) => one.split('@')).find(([name = '']) => withoutDefaults(name) === repository);
  return found?.[1] ?? '';
}

async function pushBySelf(
  run: Run,
  { pushArguments = [] }: Builder,
  image: string,
  destination: string,
  plainHttp: boolean,
): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ml-job-mesh-push-'));
  const digestFile = path.join(folder, 'digest');
  try {
    const insecure = plainHttp ? ['--tls-verify=false'] : [];
    await run(['push', ...insecure, '--digestfile', digestFile, ...pushArguments, image, `docker://${destination}`]);
    return readFileSync(digestFile, 'utf8').trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A repository as Docker shows it: without Docker Hub's name, and without the folder of its official images. */
function withoutDefaults(repository: string): string {
  return repository.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
}

/** A name's repository; the colon of a port stays. */
function withoutTag(name: string): string {
  return name.replace(/:[^:/]+$/, '');
}
