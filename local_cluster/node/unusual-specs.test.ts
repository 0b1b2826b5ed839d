// What the node makes of pods that nobody writes by intention. Everything here may refuse a pod by an Error, which the
// pod's worker turns into a status; nothing may do anything else, such as hand on what is no text.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Container, V1Pod, V1Probe } from '@kubernetes/client-node';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { commandIn } from './container/container-hooks.ts';
import { ContainerState } from './container/container-state.ts';
import { describeProcess } from './environment/container-process.ts';
import { resolveEnvironment } from './environment/environment.ts';
import { repositoryOf } from './images/images.ts';
import { derivePodStatus } from './pod/pod-status.ts';
import { startProbes } from './probes/probes.ts';
import type { PodObjects } from './references/pod-objects.ts';
import { cpuQuota, memoryLimit } from './runs/cgroups.ts';
import { prepareVolumes, resolveMounts } from './volumes/volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'unusual-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pair = (last: number) => ({ announced: `10.244.1.${last}`, local: `127.244.1.${last}` });
const around = { address: pair(7), nodeAddress: pair(1), allocatable: { cpu: 2, memory: 1024 } };

const awkward = fc.constantFrom(
  '',
  ' ',
  '\0',
  'a\nb',
  '$(',
  '$$(A)',
  '..',
  '../..',
  '/',
  '//',
  '__proto__',
  'constructor',
);
const text = fc.oneof(
  awkward,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('a', 'web', '/etc/x', '80'),
);
/** A key of a map that may be in every object, or in this one. */
const key = fc.oneof(fc.constantFrom('__proto__', 'constructor'), text);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const seconds = optional(fc.constantFrom(0, 1, 2_147_483_647));
const quantity = fc.constantFrom('0', '1m', '500m', '1', '9E', '9000E', '1e30', '128Mi');
const port = fc.oneof(text, fc.integer());

const probe = fc.record(
  {
    httpGet: fc.record(
      {
        port,
        path: text,
        host: fc.constantFrom('', '127.0.0.1', 'localhost'),
        httpHeaders: fc.array(fc.record({ name: text, value: text }), { maxLength: 2 }),
      },
      { requiredKeys: ['port'] },
    ),
    tcpSocket: fc.record({ port }),
    exec: fc.record({ command: fc.array(text, { minLength: 1, maxLength: 3 }) }),
    periodSeconds: seconds,
    initialDelaySeconds: seconds,
    timeoutSeconds: fc.constant(1),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<V1Probe>;

const resources = fc.record(
  { limits: fc.dictionary(text, quantity), requests: fc.dictionary(text, quantity) },
  { requiredKeys: [] },
);
const fieldPath = fc.oneof(
  text,
  key.map((label) => `metadata.labels['${label}']`),
  fc.constantFrom('status.podIPs'),
);
const valueFrom = fc.oneof(
  fc.record({ fieldRef: fc.record({ fieldPath }) }),
  fc.record({
    resourceFieldRef: fc.record({
      resource: fc.oneof(text, fc.constantFrom('limits.cpu', 'requests.ephemeral-storage', 'limits.constructor')),
      divisor: fc.constantFrom('', '0', '1m', '1'),
    }),
  }),
  fc.record({ configMapKeyRef: fc.record({ name: text, key, optional: optional(fc.boolean()) }) }),
  fc.record({ secretKeyRef: fc.record({ name: text, key, optional: optional(fc.boolean()) }) }),
);
const container = fc.record(
  {
    name: fc.constantFrom('main', 'other'),
    image: text,
    command: fc.array(text, { maxLength: 3 }),
    args: fc.array(text, { maxLength: 3 }),
    workingDir: text,
    terminationMessagePath: text,
    env: fc.array(fc.oneof(fc.record({ name: text, value: text }), fc.record({ name: text, valueFrom })), {
      maxLength: 3,
    }),
    resources,
    volumeMounts: fc.array(
      fc.record(
        { name: fc.constantFrom('v', 'none'), mountPath: text, subPath: text },
        { requiredKeys: ['name', 'mountPath'] },
      ),
      { maxLength: 2 },
    ),
    ports: fc.array(fc.record({ name: text, containerPort: fc.integer() }), { maxLength: 2 }),
  },
  { requiredKeys: ['name'] },
) as fc.Arbitrary<V1Container>;

const items = optional(fc.array(fc.record({ key, path: text }), { maxLength: 2 }));
const volume = fc.oneof(
  fc.constant({ emptyDir: {} }),
  fc.record({ configMap: fc.record({ name: text, items, optional: optional(fc.boolean()) }) }),
  fc.record({ secret: fc.record({ secretName: text, items, optional: optional(fc.boolean()) }) }),
  fc.record({
    downwardAPI: fc.record({ items: fc.array(fc.record({ path: text, fieldRef: fc.record({ fieldPath }) })) }),
  }),
  fc.record({
    projected: fc.record({ sources: fc.array(fc.record({ clusterTrustBundle: fc.constant({ path: 'a' }) })) }),
  }),
  fc.constant({ nfs: { server: 'a', path: '/' } }),
);
const pod = fc.record({
  metadata: fc.record({
    name: fc.constant('p'),
    namespace: fc.constant('n'),
    uid: fc.constant('u'),
    labels: fc.dictionary(text, text),
  }),
  spec: fc.record({ containers: fc.array(container, { minLength: 1, maxLength: 2 }), hostname: optional(text) }),
}) as unknown as fc.Arbitrary<V1Pod>;

const data = fc.dictionary(text, text);

/** What is thrown must be an Error that was meant: that is what becomes a status. Node's own have a code. */
async function resultOf<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    expect(fault).toBeInstanceOf(Error);
    expect(fault instanceof TypeError && !('code' in fault) ? fault : undefined).toBeUndefined();
    return undefined;
  }
}

test('a container becomes a process that is described by texts, or is refused by an Error', async () => {
  const check = async (given: V1Pod, known: Record<string, string>) => {
    const objects: PodObjects = {
      configMap: async () => ({ data: known }),
      secret: async () => ({ data: known }),
      boundVolume: async () => undefined,
      accountToken: async () => 'token',
    };
    for (const spec of given.spec!.containers) {
      const variables = await resultOf(() => resolveEnvironment(given, spec, objects, around));
      if (!variables) continue;
      const process = await resultOf(() =>
        describeProcess(spec, {
          pod: given,
          image: { programs: { sh: ['/bin/sh'] }, paths: { '/app': '/project' } },
          podFolder: '/pods/1',
          cacheFolder: '/cache',
          address: pair(7),
          dnsServers: [],
          mounts: new Map((spec.volumeMounts ?? []).map(({ mountPath }) => [mountPath, '/here'])),
          variables,
          terminationLog: '/log',
          apiServer: new URL('https://127.244.0.1:6443'),
        }),
      );
      if (!process) continue;
      const command = commandIn(
        { process: { ...process, image: {} }, address: pair(7), runner: { shim: '/shim' } },
        spec.command ?? [],
      );
      const all = [...process.argv, process.cwd, ...process.env.keys(), ...process.env.values(), ...command.argv];
      expect(all.filter((part) => typeof part !== 'string')).toEqual([]);
      expect(typeof repositoryOf(spec.image ?? '')).toBe('string');
    }
  };
  await fc.assert(fc.asyncProperty(pod, data, check), { numRuns: 500 });
});

test('volumes become folders below the pod’s own, or are refused by an Error', async () => {
  const check = async (source: object, known: Record<string, string>, given: V1Pod) => {
    const own = mkdtempSync(join(folder, 'pod-'));
    const objects: PodObjects = {
      configMap: async () => ({ data: known }),
      secret: async () => ({ data: known }),
      boundVolume: async () => undefined,
      accountToken: async () => 'token',
    };
    const withVolume = { ...given, spec: { ...given.spec!, volumes: [{ name: 'v', ...source }] } };
    const volumes = await resultOf(() => prepareVolumes(withVolume, join(own, 'volumes'), objects, around));
    for (const spec of given.spec!.containers) {
      const mounts = volumes && (await resultOf(() => resolveMounts(spec, volumes.paths, new Map())));
      for (const target of mounts?.values() ?? []) expect(target.startsWith(join(own, 'volumes', 'v'))).toBe(true);
    }
    rmSync(own, { recursive: true });
  };
  await fc.assert(fc.asyncProperty(volume, data, pod, check), { numRuns: 200 });
});

test('a probe that is made of anything only ever succeeds or fails', async () => {
  const check = async (given: V1Probe, spec: V1Container) => {
    const heard = Promise.withResolvers<unknown>();
    const quick = { ...given, initialDelaySeconds: 0, periodSeconds: 1 };
    const stop = startProbes(
      {
        spec: { ...spec, readinessProbe: quick },
        host: '127.0.0.1',
        translate: (command) => ({ argv: command, env: { PATH: '/nowhere' }, cwd: '/' }),
        startedAt: Date.now() - 60_000,
      },
      { onStarted: () => undefined, onReady: heard.resolve, onFailure: (_, finding) => heard.resolve(finding) },
    );
    // A second check is the first whose failure counts.
    expect(['boolean', 'string']).toContain(typeof (await heard.promise));
    stop();
  };
  const probes = fc.array(fc.tuple(probe, container), { minLength: 60, maxLength: 60 });
  const [batch] = fc.sample(probes, 1);
  await Promise.all(batch!.map(([given, spec]) => check(given, spec)));
});

test('timers are never set for longer than they can be', async () => {
  const overflows: Error[] = [];
  const note = (warning: Error) => overflows.push(warning);
  process.on('warning', note);
  const spec = { name: 'main' };
  const long = { periodSeconds: 2_147_483_647, initialDelaySeconds: 2_147_483_647, exec: { command: ['true'] } };
  const stop = startProbes(
    {
      spec: { ...spec, readinessProbe: long, livenessProbe: { ...long, initialDelaySeconds: 0 } },
      host: '127.0.0.1',
      translate: (argv) => ({ argv, env: { PATH: '/usr/bin:/bin' }, cwd: '/' }),
      startedAt: Date.now(),
    },
    { onStarted: () => undefined, onReady: () => undefined, onFailure: () => undefined },
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  stop();
  process.off('warning', note);
  expect(overflows).toEqual([]);
});

test('limits are such as the kernel takes, or none', () => {
  const check = (amount: number) => {
    const quota = cpuQuota(amount);
    const bytes = memoryLimit(amount);
    if (quota !== undefined) expect(Number.isInteger(quota) && quota >= 1_000 && quota <= 1e9).toBe(true);
    if (bytes !== undefined) expect(/^\d+$/.test(String(bytes))).toBe(true);
  };
  fc.assert(fc.property(fc.oneof(fc.double({ min: 0, noNaN: true }), fc.constantFrom(0, 0.1, 1, 9e24)), check));
});

test('the status of any pod can be sent', () => {
  const check = (given: V1Pod) => {
    const containers = given.spec!.containers.map((spec) => {
      const state = new ContainerState();
      state.failCreation({ reason: 'CreateContainerError', message: spec.image ?? '' });
      return { spec, kind: 'main' as const, waiting: state.waiting, restarts: 0, started: false, ready: false };
    });
    const view = { pod: given, nodeAddress: pair(1), startTime: new Date(0), containers, conditions: [] };
    const sent = JSON.parse(JSON.stringify(derivePodStatus(view, new Date(0))));
    expect(sent.containerStatuses.length).toBe(containers.length);
  };
  fc.assert(fc.property(pod, check));
});
