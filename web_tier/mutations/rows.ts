import { frontMutations } from './front-mutations.ts';
import type { Mutation } from './mutation.ts';
import type { Row } from './row.ts';
import { sidecarMutations } from './sidecar-mutations.ts';

/** A row with the Envoy file that it is about, and a name of its own. */
export type NamedRow = Row & Mutation & { name: string };

const named = (file: string, rows: Row[]): NamedRow[] =>
  rows.map((row) => ({ ...row, file, name: `${file} ${row.paths.map(describePath).join(' and ')}` }));

function describePath(path: Row['paths'][number]): string {
  const inFilterChain = ['static_resources', 'filter_chains', 'filters', 'typed_config'];
  const steps = path.filter((step) => !inFilterChain.includes(step as string));
  return steps.map((step) => (typeof step === 'object' ? `[${step.having}]` : step)).join('.');
}

/** Every row. */
export const rows: NamedRow[] = [
  ...named('web_tier_envoy.yaml', frontMutations),
  ...named('free_tier_envoy.yaml', sidecarMutations),
];
