/** The registry that the nodes pull from: Debian's `docker-registry`, by plain HTTP, in the rig's network only. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { startSupervised } from '../local_cluster/supervisor/supervised-process.ts';
import { registry } from './layout.ts';

const readyWithinMs = 30_000;

/** Starts it; returns when it answers. It ends with this process. */
export async function startRegistry(stateFolder: string, log: (line: string) => void): Promise<void> {
  const folder = path.join(stateFolder, 'registry');
  mkdirSync(folder, { recursive: true });
  const configuration = path.join(folder, 'registry.yaml');
  writeFileSync(
    configuration,
    stringify({
      version: '0.1',
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: path.join(folder, 'images') }, cache: { blobdescriptor: 'inmemory' } },
      http: { addr: registry },
    }),
  );
  await startSupervised({
    name: 'registry',
    command: 'docker-registry',
    args: ['serve', configuration],
    // Debian's package has its programs ask for a collector of traces elsewhere.
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
    logFile: path.join(stateFolder, 'logs', 'registry.log'),
    stateFolder,
    isReady: async () => (await fetch(`http://${registry}/v2/`)).ok,
    readyWithinMs,
    stopGraceMs: 1_000,
    onEvent: log,
  });
}
