// Each field that holds a container to something is missed when it is gone: a probe in the pod finds what it may do then.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cluster, jobImageOf } from '../../../e2e/mesh.ts';
import { kubectl, makeNamespace, type PodSpec } from '../cluster-tools.ts';
import { type Findings, probe } from '../probe/probe.ts';
import { exceptions, type Field, fields } from './fields.ts';
import { listWorkloads } from './workloads.ts';

const workloads = await listWorkloads();
let namespace: string;

beforeAll(async () => {
  namespace = await makeNamespace();
  // What service links would tell of.
  await cluster.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: 'other' },
    spec: { ports: [{ port: 80 }] },
  });
});
afterAll(() => cluster.delete(`/api/v1/namespaces/${namespace}`));

/** The spec without some fields; undefined where it has none of them. */
function without(spec: PodSpec, some: Field[]): PodSpec | undefined {
  const changed = structuredClone(spec);
  const removed = some.filter(({ remove }) => remove(changed));
  return removed.length > 0 ? changed : undefined;
}

/** What each container found, of one thing. */
const findingOf = (found: Record<string, Findings>, finding: keyof Findings) =>
  Object.values(found).map((each) => each[finding]);

describe.each(workloads)('the pod of $name', ({ name, spec }) => {
  let whole: Record<string, Findings>;
  beforeAll(async () => {
    whole = await probe(namespace, spec);
  });

  test('may do nothing that it does not need', () => {
    for (const found of Object.values(whole)) {
      expect(found).toMatchObject({
        ...{ user: 10001, no_new_privileges: true, capabilities: 0, seccomp: '2', keyring: 'EPERM', root: 'EROFS' },
        ...{ token: false, service_variables: 0, group: 10001 },
        // A quota with or without its period, and bytes; without limits the kernel says -1, max or more digits.
        cpu_quota: expect.stringMatching(/^[1-9]\d*( \d+)?$/),
        memory_limit: expect.stringMatching(/^\d{1,12}$/),
      });
    }
  });

  // One by one where users' work is, and where users' requests arrive; elsewhere all at once, which each probe tells apart.
  const oneByOne = /^(premium-job|web-tier)$/.test(name);
  const present = fields.filter((field) => without(spec, [field]));
  test.each(oneByOne ? present.map((field) => [field]) : [present])('may do more without %o', async (...some) => {
    const changed = await probe(namespace, without(spec, some)!);
    for (const { name, finding } of some) {
      const same = Object.keys(whole).filter(
        (container) => whole[container]![finding] === changed[container]![finding],
      );
      expect([name, same]).toEqual([name, []]);
      expect(findingOf(changed, finding)).not.toEqual(findingOf(whole, finding));
    }
  });

  test('does not start as root, even where it asks for that', async () => {
    const image = (await jobImageOf('free'))!;
    const asRoot = { ...spec, securityContext: { ...spec.securityContext, runAsUser: 0 }, initContainers: [] };
    const pod = { ...asRoot, restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['true'] }] };
    const run = (each: object) =>
      kubectl(
        ['-n', namespace, 'create', '-o', 'name', '-f', '-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'root-' }, spec: each }),
      );
    const stateOf = async (made: string) => {
      const path = '{.status.phase} {.status.containerStatuses[0].state.waiting.reason}';
      return (await kubectl(['-n', namespace, 'get', made.trim(), '-o', `jsonpath=${path}`])).trim();
    };
    const refused = await run(pod);
    await expect.poll(() => stateOf(refused), { timeout: 60_000 }).toBe('Pending CreateContainerConfigError');
    const { runAsNonRoot: _, ...lax } = pod.securityContext;
    const started = await run({ ...pod, securityContext: lax });
    await expect.poll(() => stateOf(started), { timeout: 60_000 }).toBe('Succeeded');
    await kubectl(['-n', namespace, 'delete', '--grace-period=0', '--force', refused.trim(), started.trim()]);
  });
});

test('every field of the security contexts and the resources is among those, or there is a reason why not', () => {
  const names = new Set<string>();
  for (const { spec } of workloads) {
    for (const key of Object.keys(spec.securityContext ?? {})) names.add(key);
    for (const { securityContext, resources } of [...(spec.initContainers ?? []), ...spec.containers]) {
      for (const key of Object.keys(securityContext ?? {})) names.add(key);
      for (const [kind, amounts] of Object.entries(resources ?? {}))
        for (const resource of Object.keys(amounts as object)) names.add(`${kind}.${resource}`);
    }
  }
  const known = [...fields.map(({ name }) => name), ...Object.keys(exceptions)];
  expect([...names].filter((name) => !known.includes(name))).toEqual([]);
  expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([]);
});
