import type { KubernetesObject } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { isClosed, isEntrance } from './entrances.ts';

const service = (type?: string): KubernetesObject & { spec: object } => ({ kind: 'Service', spec: { type } });
const withScheme = (scheme: string, object: KubernetesObject = service('LoadBalancer')) => ({
  ...object,
  metadata: { annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': scheme } },
});

test('entrances are what lets clients in from outside the cluster', () => {
  const kinds = ['Ingress', 'Gateway', 'HTTPRoute', 'Deployment', 'EnvoyProxy'].map((kind) => ({ kind }));
  const all = [...kinds, service('LoadBalancer'), service('NodePort'), service('ClusterIP'), service()];
  expect(all.map(isEntrance)).toEqual([true, true, true, false, false, true, true, false, false]);
});

test('a load balancer is closed that was public and becomes internal, or no load balancer', () => {
  const [open, internal] = [withScheme('internet-facing'), withScheme('internal')];
  const changes = [
    [open, internal],
    [open, service('ClusterIP')],
    [open, open],
    [internal, open],
    [internal, service('ClusterIP')],
  ] as const;
  expect(changes.map(([before, after]) => isClosed(before, after))).toEqual([true, true, false, false, false]);
});
