// What kube-score says of everything that is deployed, the tiers' Jobs included. Each finding is mended, or explained in
// lint/explained.yaml. (It needs no cluster; kubectl, which renders the overlays, comes with one.)
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { KubernetesObject, V1Job } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { kubernetesVersion } from '../local_cluster/control_plane/versions.ts';
import { installManifestLinter } from '../local_cluster/install/install.ts';
import { pathOf } from './testing/kubectl.ts';
import { listFolders, nameOf, render } from './testing/render.ts';

/** One of kube-score's checks of one object. 10 is perfect. */
interface Check {
  check: { id: string };
  grade: number;
  skipped: boolean;
  comments: { path: string; summary: string }[] | null;
}

interface Scored {
  type_meta: { kind: string };
  object_meta: { name: string; namespace?: string };
  checks: Check[];
}

interface Explanation {
  check: string;
  /** As kind, namespace and name. */
  objects: 'all' | string[];
  reason: string;
}

interface Finding {
  check: string;
  object: string;
  comments: string[];
}

/** Also of use, and off unless asked for. */
const optionalChecks = ['container-seccomp-profile', 'container-ports-check'];
const perfect = 10;

let linter: string;
let explained: Explanation[];

beforeAll(async () => {
  linter = await installManifestLinter();
  explained = parse(await readFile(pathOf('lint/explained.yaml'), 'utf8'));
}, 900_000);

/** Jobs as the tiers make them, in each of their places. */
async function listJobs(): Promise<V1Job[]> {
  const places = { free: ['free-service'], premium: ['premium-service', 'default'] };
  const jobs = Object.entries(places).map(async ([tier, namespaces]) => {
    const template: V1Job = parse(await readFile(pathOf(`../${tier}_service/job/${tier}-job-template.yaml`), 'utf8'));
    return namespaces.map((namespace) => {
      const metadata = { ...template.metadata, name: `${tier}-job-template-x`, namespace };
      return { ...template, metadata };
    });
  });
  return (await Promise.all(jobs)).flat();
}

/** All that kube-score finds fault with. It ends with an error when it finds something serious, and prints all the same. */
async function lint(objects: KubernetesObject[]): Promise<Finding[]> {
  const version = /^v\d+\.\d+/.exec(kubernetesVersion)![0];
  const optional = optionalChecks.flatMap((check) => ['--enable-optional-test', check]);
  const child = spawn(linter, ['score', '--output-format=json', `--kubernetes-version=${version}`, ...optional, '-']);
  child.stdin.end(objects.map((object) => stringify(object)).join('---\n'));
  const printed = (await child.stdout.setEncoding('utf8').toArray()).join('');
  const scored: Scored[] = JSON.parse(printed);
  // It passes over kinds that it has no checks for.
  const namesOf = (names: string[]) => names.filter((name) => /^(Deployment|DaemonSet|Job) /.test(name)).sort();
  const looked = scored.map(({ type_meta, object_meta }) => nameOf({ kind: type_meta.kind, metadata: object_meta }));
  expect(namesOf(looked)).toEqual(namesOf(objects.map(nameOf)));
  return scored.flatMap(({ type_meta, object_meta, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < perfect)
      .map(({ check, comments }) => ({
        check: check.id,
        object: nameOf({ kind: type_meta.kind, metadata: object_meta }),
        comments: (comments ?? []).map(({ path, summary }) => `${path}: ${summary}`),
      })),
  );
}

const isAbout = (finding: Finding) => (explanation: Explanation) =>
  explanation.check === finding.check &&
  (explanation.objects === 'all' || explanation.objects.includes(finding.object));

test('Every finding is explained, and nothing is explained that is not found', async () => {
  const jobs = await listJobs();
  const found: Finding[] = [];
  for (const overlay of await listFolders('overlays'))
    found.push(...(await lint([...(await render(overlay)), ...jobs])));
  expect(found.filter((finding) => !explained.some(isAbout(finding)))).toEqual([]);
  expect(explained.filter((explanation) => !found.some((finding) => isAbout(finding)(explanation)))).toEqual([]);
  expect(explained.filter(({ reason }) => !reason?.trim())).toEqual([]);
});

test('A pod without limits, on a root that can be written to, and that no policy is about, is found', async () => {
  const [job] = await listJobs();
  const careless = structuredClone(job!);
  careless.metadata!.namespace = 'nowhere';
  const [container] = careless.spec!.template.spec!.containers;
  delete container!.resources;
  delete container!.securityContext;
  const found = (await lint([careless])).map(({ check }) => check);
  expect(found).toEqual(
    expect.arrayContaining([
      'container-resources',
      'container-security-context-readonlyrootfilesystem',
      'pod-networkpolicy',
    ]),
  );
});
