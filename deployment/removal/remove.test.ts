import type { KubernetesObject } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { ownSelector } from '../ownership.ts';
import { removeMesh } from './remove.ts';
import { surveyCluster } from './survey.ts';

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web-tier', uid: 'namespace' } };
const binding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { namespace: 'default', name: 'premium-tier', uid: 'binding' },
};
const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace: 'default', name: 'premium-1', uid: 'job' },
};
const kinds = [
  ['namespaces', 'v1', false, 'Namespace', 'namespaces'],
  ['rolebindings', 'rbac.authorization.k8s.io/v1', true, 'RoleBinding', 'rolebindings.rbac.authorization.k8s.io'],
  ['jobs', 'batch/v1', true, 'Job', 'jobs.batch'],
] as const;

/** A cluster that kubectl sees; `before` comes to pass before each of its calls. */
function fakeCluster(objects: KubernetesObject[], before: (args: string[]) => void = () => undefined) {
  const deleted: string[] = [];
  const listed = (items: object[]) => JSON.stringify({ kind: 'List', items });
  const kubectl = async (args: string[]) => {
    before(args);
    const [verb, resource] = args;
    if (verb === 'api-resources')
      return kinds.map(([name, ...more]) => `${name} ${more.slice(0, 3).join(' ')}`).join('\n');
    if (verb === 'get') return listed(resource === 'persistentvolumes' || !args.includes(ownSelector) ? [] : objects);
    const kind = kinds.find((one) => one[4] === resource)?.[3];
    const place = args.includes('-n') ? args[args.indexOf('-n') + 1] : undefined;
    deleted.push(`${resource} ${place ?? ''}`.trim());
    const rest = objects.filter((object) => object.kind !== kind || object.metadata?.namespace !== place);
    objects.splice(0, objects.length, ...rest);
    return '';
  };
  return { kubectl, deleted };
}

/** Removes what a survey of the cluster finds; gives what was said. */
async function remove(kubectl: ReturnType<typeof fakeCluster>['kubectl'], between: () => void = () => undefined) {
  const said: string[] = [];
  const found = await surveyCluster(kubectl, false);
  between();
  const signal = new AbortController().signal;
  const how = { keepModels: false, withinMs: 200, pollMs: 1 };
  await removeMesh({ kubectl, say: (text) => void said.push(text), signal, ...how }, found);
  return said;
}

test('a Job that a client has made after the survey is deleted, too', async () => {
  const objects: KubernetesObject[] = [namespace, binding];
  const { kubectl, deleted } = fakeCluster(objects);
  await remove(kubectl, () => objects.push(job));
  expect(deleted).toEqual(['rolebindings.rbac.authorization.k8s.io default', 'namespaces', 'jobs.batch default']);
});

test('goes on when the cluster gives no answer for a moment', async () => {
  const { kubectl, deleted } = fakeCluster([namespace], (args) => {
    if (args[0] === 'api-resources' && deleted.length > 0 && failures-- > 0) throw new Error('connection refused');
  });
  let failures = 1;
  const said = await remove(kubectl);
  expect(deleted).toEqual(['namespaces']);
  expect(said).toContain('the cluster gave no answer, asking again (1 of 4): connection refused');
});
