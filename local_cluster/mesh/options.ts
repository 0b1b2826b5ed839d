/** What `npm start` understands on its command line. */
import net from 'node:net';
import { parseArgs } from 'node:util';
import { type DeployOptions, UsageError } from '../../deployment/options.ts';
import declared from '../../model_config/datasets.json' with { type: 'json' };
import { type Dataset, otherDatasets } from '../install/datasets.ts';

const describeOption = (name: Dataset) =>
  `  ${`--${name} FOLDER`.padEnd(20)} folder with ${declared[name].title}'s IDX files, plain or .gz\n`;

export const usage = `npm start [-- OPTIONS]: runs the whole mesh on this machine, or deploys it to a cluster

  --port N             port of the front proxy, Envoy (8080)
  --grader-port N      port of the grader interface (5000)
  --host ADDRESS       address of this machine to listen on (127.0.0.1: reached from this machine alone)
${otherDatasets.map(describeOption).join('')}  --context NAME       deploy to the cluster of this kubeconfig context instead: npm run deploy with --yes
  --overlay NAME       with --context: one of manifests/overlays, or the folder of a kustomization of yours (context)
  --kubeconfig FILE    with --context: the kubeconfig (what kubectl would take)
  --help               show this

Ctrl-C stops everything; a second Ctrl-C kills what is still stopping. State is kept in .mesh/ (npm run reset removes it).
`;

/** What the mesh on this machine is started with. */
export interface LocalOptions {
  kind: 'local';
  port: number;
  graderPort: number;
  host: string;
  /** The folders with IDX files that were named, by dataset. */
  datasets: Record<string, string>;
}

export type StartOptions = LocalOptions | ({ kind: 'context' } & DeployOptions) | { kind: 'help' };

/**
 * Reads the command line.
 * @throws UsageError for an option that is not known, or a value that cannot be
 */
export function parseStartOptions(args: string[]): StartOptions {
  const values = parse(args);
  if (values.help) return { kind: 'help' };
  const local = ['port', 'grader-port', 'host', ...otherDatasets].filter((name) => name in values);
  if (values.context !== undefined) {
    if (local.length > 0) throw new UsageError(`--${local[0]} does not go with --context`);
    if (!values.context) throw new UsageError('--context needs the name of a context');
    const { context, kubeconfig, overlay = 'context' } = values;
    // As `npm run deploy` does it; nobody is asked, as ever.
    return { kind: 'context', context, kubeconfig, overlay, yes: true, dryRun: false, prune: false, adopt: false };
  }
  if (values.overlay !== undefined) throw new UsageError('--overlay goes with --context NAME');
  if (values.kubeconfig !== undefined) throw new UsageError('--kubeconfig goes with --context NAME');
  const port = parsePort('port', values.port ?? '8080');
  const graderPort = parsePort('grader-port', values['grader-port'] ?? '5000');
  if (port === graderPort) throw new UsageError(`--port and --grader-port are both ${port}`);
  const host = values.host ?? '127.0.0.1';
  if (!net.isIPv4(host)) throw new UsageError(`--host is ${JSON.stringify(host)}; it must be an IPv4 address`);
  const named = otherDatasets.flatMap((name) => (name in values ? [[name, values[name] as string]] : []));
  return { kind: 'local', port, graderPort, host, datasets: Object.fromEntries(named) };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = {
      port: text,
      'grader-port': text,
      host: text,
      context: text,
      kubeconfig: text,
      overlay: text,
      help: { type: 'boolean', short: 'h' },
    } as const;
    const folders = Object.fromEntries(otherDatasets.map((name) => [name, text]));
    const { values } = parseArgs({ args, options: { ...folders, ...options }, strict: true });
    return values as ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] & Record<string, unknown>;
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0], { cause: error });
  }
}

function parsePort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535)
    throw new UsageError(`--${option} is ${JSON.stringify(text)}; it must be from 1 to 65535`);
  return port;
}
