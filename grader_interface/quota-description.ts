/**
 * ResourceQuotas as `kubectl describe quota -n NAMESPACE` prints them, byte for byte. The layout, the scopes'
 * explanations and the order are those of kubectl 1.36 (`k8s.io/kubectl/pkg/describe`); a test compares the
 * two on a real cluster.
 */
import type { V1ResourceQuota } from '@kubernetes/client-node';
import { convertQuantity, formatQuantity, parseQuantity } from '@ml-job-mesh/cluster-client';

/** kubectl explains these scopes and no others. */
const SCOPE_EXPLANATIONS: Record<string, string> = {
  Terminating:
    'Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  NotTerminating:
    'Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.',
  BestEffort:
    'Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
  NotBestEffort:
    'Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.',
};

/**
 * Describes all quotas of one namespace.
 *
 * @param quotas in the order in which the API lists them
 * @returns what kubectl prints; for no quotas, the line that it then prints to its standard error
 */
export function describeQuotas(namespace: string, quotas: V1ResourceQuota[]): string {
  if (quotas.length === 0) return `No resources found in ${namespace} namespace.\n`;
  return quotas.map(describeQuota).join('\n\n');
}

function describeQuota(quota: V1ResourceQuota): string {
  const lines = [`Name:\t${quota.metadata?.name ?? ''}`, `Namespace:\t${quota.metadata?.namespace ?? ''}`];
  const scopes = [...(quota.spec?.scopes ?? [])].sort();
  if (scopes.length > 0) lines.push(`Scopes:\t${scopes.join(', ')}`);
  for (const scope of scopes) {
    const explanation = SCOPE_EXPLANATIONS[scope];
    if (explanation) lines.push(` * ${explanation}`);
  }
  lines.push('Resource\tUsed\tHard', '--------\t----\t----');
  const { hard = {}, used = {} } = quota.status ?? {};
  for (const resource of Object.keys(hard).sort()) {
    lines.push(`${resource}\t${describeUse(used[resource], hard[resource]!)}`);
  }
  return alignColumns(lines);
}

function describeUse(used: string | undefined, hard: string): string {
  const limit = parseQuantity(hard);
  const amount = parseQuantity(used ?? '0');
  const alike = used !== undefined && amount.format === limit.format;
  return `${formatQuantity(alike ? amount : convertQuantity(amount, limit.format))}\t${formatQuantity(limit)}`;
}

const PADDING = 2;

/**
 * Lays out lines whose cells are ended by tabs, as Go's `text/tabwriter` does: a column is a run of neighbouring
 * lines that have it, is as wide as its widest cell and two spaces, and what follows a line's last tab belongs to
 * no column.
 */
function alignColumns(lines: string[]): string {
  const rows = lines.map((line) => line.split('\t'));
  const hasColumn = (row: number, column: number) => column < (rows[row]?.length ?? 0) - 1;
  const widthAt = (row: number, column: number): number => {
    let first = row;
    while (hasColumn(first - 1, column)) first -= 1;
    let width = 0;
    for (let at = first; hasColumn(at, column); at += 1) width = Math.max(width, rows[at]![column]!.length);
    return width + PADDING;
  };
  const layOut = (cells: string[], row: number) =>
    cells.map((cell, column) => (hasColumn(row, column) ? cell.padEnd(widthAt(row, column)) : cell)).join('');
  return `${rows.map(layOut).join('\n')}\n`;
}
