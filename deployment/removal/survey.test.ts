import type { KubernetesObject, V1PersistentVolume } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { isMadeByKubernetes, nameOf } from '../ownership.ts';
import { describeSurvey, requireOwn } from './describe-survey.ts';
import { type Survey, sortOut } from './survey.ts';

const object = (kind: string, name: string, namespace?: string, more: object = {}): KubernetesObject => ({
  kind,
  metadata: { name, namespace, uid: `${kind}-${name}`, ...more },
});
const owned = { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'job', uid: 'Job-job' }] };

/** A volume that a driver has made for the claim. */
const volume = (name: string, policy: string, claim: string): V1PersistentVolume => ({
  kind: 'PersistentVolume',
  metadata: { name, uid: name },
  spec: {
    persistentVolumeReclaimPolicy: policy,
    storageClassName: 'efs-sc',
    claimRef: { namespace: 'ml-pipeline', name: claim, uid: `PersistentVolumeClaim-${claim}` },
  },
});

const labelled = [
  object('Namespace', 'ml-pipeline'),
  object('Namespace', 'web-tier'),
  object('Deployment', 'web-tier', 'web-tier'),
  object('ConfigMap', 'settings', 'ml-pipeline'),
  object('PersistentVolumeClaim', 'models', 'ml-pipeline'),
  object('StorageClass', 'efs-sc'),
  object('StorageClass', 'other-sc'),
  object('ClusterRole', 'reader'),
  object('Job', 'job', 'default'),
  object('Pod', 'job-1', 'default', owned),
  object('Namespace', 'default'),
];
const volumes = [volume('pv-1', 'Delete', 'models'), volume('pv-2', 'Delete', 'of-others')];

const namesOf = ({ namespaces, objects, kept, volumes, pods }: ReturnType<typeof sortOut>) =>
  Object.fromEntries(
    Object.entries({ namespaces, objects, kept, volumes, pods }).map(([what, some]) => [what, some.map(nameOf)]),
  );

test("namespaces go as a whole, the cluster's own never; what goes with its owner is not deleted itself", () => {
  expect(namesOf(sortOut(labelled, volumes, false))).toEqual({
    namespaces: ['Namespace ml-pipeline', 'Namespace web-tier'],
    objects: ['StorageClass efs-sc', 'StorageClass other-sc', 'ClusterRole reader', 'Job default/job'],
    kept: [],
    volumes: ['PersistentVolume pv-1'],
    pods: ['Pod default/job-1'],
  });
});

test('models are kept with their claim, its namespace and its storage class, and nothing else', () => {
  expect(namesOf(sortOut(labelled, volumes, true))).toMatchObject({
    namespaces: ['Namespace web-tier'],
    objects: ['ConfigMap ml-pipeline/settings', 'StorageClass other-sc', 'ClusterRole reader', 'Job default/job'],
    kept: ['Namespace ml-pipeline', 'PersistentVolumeClaim ml-pipeline/models', 'StorageClass efs-sc'],
  });
});

test("what Kubernetes and controllers put into a namespace is nobody else's", () => {
  const theirs = [
    object('ConfigMap', 'settings', 'web-tier'),
    object('Secret', 'password', 'web-tier'),
    object('ServiceAccount', 'robot', 'web-tier'),
  ];
  const kubernetesOwn = [
    object('ConfigMap', 'kube-root-ca.crt', 'web-tier'),
    object('ServiceAccount', 'default', 'web-tier'),
    object('ReplicaSet', 'web-tier-1', 'web-tier', owned),
    object('Secret', 'tls', 'web-tier', { annotations: { 'cert-manager.io/certificate-name': 'front' } }),
    object('TargetGroupBinding', 'k8s-web', 'web-tier', { labels: { 'service.k8s.aws/stack-name': 'web-tier' } }),
  ];
  expect([...theirs, ...kubernetesOwn].filter((one) => !isMadeByKubernetes(one))).toEqual(theirs);
});

test('says what goes, what it does to the models, what stays, and whose else it is', () => {
  const survey: Survey = {
    kinds: [],
    allVolumes: volumes,
    ...sortOut(labelled, [volume('pv-1', 'Delete', 'models'), volume('pv-3', 'Retain', 'models')], false),
    foreign: [object('ConfigMap', 'theirs', 'web-tier')],
  };
  survey.objects.push(...Array.from({ length: 6 }, (_, index) => object('Job', `job-${index}`, 'default')));
  expect(describeSurvey(survey, false)).toEqual([
    '  - namespace ml-pipeline with all that is in it',
    '  - namespace web-tier with all that is in it',
    '  - StorageClass efs-sc',
    '  - StorageClass other-sc',
    '  - ClusterRole reader',
    '  - 7 Jobs in namespace default',
    '  - volume pv-1 of claim ml-pipeline/models, with the trained networks on it',
    '  = volume pv-3 of claim ml-pipeline/models stays, with the trained networks on it: its reclaim policy is Retain',
    'The trained networks go with their volume; --keep-models leaves it.',
    "Not the mesh's, and in these namespaces:",
    '  ! ConfigMap web-tier/theirs',
  ]);
  expect(() => requireOwn(survey, false)).toThrow(/an object is not the mesh's .* --force\. Nothing was changed/);
  expect(() => requireOwn(survey, true)).not.toThrow();
});
