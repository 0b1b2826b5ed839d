import { freeTier } from '../../free_service/app/tier.ts';
import { containerName } from '../state/kubernetes-objects.ts';
import { loadJobTemplate } from '../submission/job-template.ts';

/** The free tier's own Job template, for a job that runs a line of the shell, also where the manifests are not applied. */
export function scriptTemplate(script: string) {
  const template = loadJobTemplate(freeTier);
  const container = template.spec!.template.spec!.containers.find(({ name }) => name === containerName)!;
  Object.assign(container, { image: 'busybox', command: ['sh', '-c', script] });
  delete template.spec!.template.spec!.priorityClassName;
  return template;
}
