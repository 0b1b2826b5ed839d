// The pods of everything that the mesh runs, as they are deployed, ready to be tried out in another namespace.
import type { V1Deployment, V1Job } from '@kubernetes/client-node';
import type { Wire } from '@ml-job-mesh/cluster-client';
import { loadJobTemplate } from '@ml-job-mesh/tier-service/submission/job-template.ts';
import { inject } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { freeTier } from '../../../free_service/app/tier.ts';
import { premiumTier } from '../../../premium_service/app/tier.ts';
import { kubectl, type PodSpec } from '../cluster-tools.ts';

export interface Workload {
  name: string;
  spec: PodSpec;
}

/** The Deployments and Jobs of the manifests, and the Job of each tier. */
export async function listWorkloads(): Promise<Workload[]> {
  const rendered = parseAllDocuments(await kubectl(['kustomize', inject('mesh').kustomization]));
  const objects = rendered.map((document) => document.toJS() as Wire<V1Deployment | V1Job>);
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
  const jobs = [freeTier, premiumTier].map((tier) => loadJobTemplate(tier));
  return [
    ...workloads.map(({ metadata, spec }) => ({
      name: metadata!.name!,
      spec: movable(spec!.template.spec as PodSpec),
    })),
    ...jobs.map(({ metadata, spec }) => ({
      name: metadata!.labels!['app.kubernetes.io/name']!,
      spec: movable(spec!.template.spec!),
    })),
  ];
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The same pod for a namespace that has none of its objects: empty folders for volumes, no account of its own, and no token
 * that it mounts itself, so that any token in it is one that it was given unasked.
 */
function movable({ serviceAccountName: _, serviceAccount: __, ...spec }: PodSpec): PodSpec {
  const withoutToken = (container: PodSpec['containers'][number]) => ({
    ...container,
    volumeMounts: container.volumeMounts?.filter(({ mountPath }) => mountPath !== accountFolder) ?? [],
  });
  return {
    ...spec,
    containers: spec.containers.map(withoutToken),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(withoutToken) }),
    volumes: spec.volumes?.map(({ name }) => ({ name, emptyDir: {} })) ?? [],
  };
}
