/** Files that other projects publish in their Go modules: their kinds for Kubernetes, a schema. Fetched once, then kept. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { hashInputs, keep, withWorkFolder } from '../../local_cluster/install/cache.ts';
import { findGo } from '../../local_cluster/install/go.ts';
import { findPython } from '../../local_cluster/install/python.ts';
import { runCommand } from '../../local_cluster/install/run-command.ts';

/** A file or a folder of a Go module. */
export interface ModulePart {
  module: string;
  version: string;
  /** What Go's checksum database has for the module. */
  sum: string;
  path: string;
}

const context = { say: () => {}, signal: new AbortController().signal };

/**
 * Gives the path of a module's file or folder, which is fetched through Go's module proxy unless it is kept already.
 * @throws if what was fetched is not what was published
 */
export async function fetchFromModule({ module, version, sum, path }: ModulePart): Promise<string> {
  const { folder } = await keep('module-part', hashInputs([module, version, sum, path]), async (unfinished) => {
    await withWorkFolder(async (workFolder) => {
      const { value: python } = await findPython();
      const { value: go } = await findGo(context, python, workFolder);
      // -modcacherw: what is fetched can be removed again.
      const env = { ...process.env, GOFLAGS: '-modcacherw', GOMODCACHE: join(workFolder, 'modules'), GOWORK: 'off' };
      const wanted = `${module}@${version}`;
      const printed = await runCommand(go, ['mod', 'download', '-json', wanted], { cwd: workFolder, env });
      const { Dir: source, Sum: found } = JSON.parse(printed);
      if (found !== sum) throw new Error(`${wanted} has the checksum ${found}, and not ${sum}`);
      cpSync(join(source, path), join(unfinished, 'part'), { recursive: true });
    });
  });
  return join(folder, 'part');
}
