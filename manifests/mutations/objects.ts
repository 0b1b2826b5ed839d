import { readFile } from 'node:fs/promises';
import type { KubernetesObject } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { pathOf } from '../testing/kubectl.ts';
import { render } from '../testing/render.ts';

/** All of the base, what scales it, and the Jobs that the tiers make, whose kind is called `JobTemplate` here. */
export async function allObjects(): Promise<KubernetesObject[]> {
  const templates = ['free', 'premium'].map(async (tier) => {
    const file = pathOf(`../${tier}_service/job/${tier}-job-template.yaml`);
    return { ...parse(await readFile(file, 'utf8')), kind: 'JobTemplate' } as KubernetesObject;
  });
  return [...(await render('../base', ['autoscaling'])), ...(await Promise.all(templates))];
}
