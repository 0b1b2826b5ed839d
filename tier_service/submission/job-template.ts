import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { containerName, type Job } from '../state/kubernetes-objects.ts';
import type { Tier } from '../tier.ts';

/** The variables of the container that a request may set. */
const settableVariables = ['DATASET', 'EPOCHS', 'PRETRAINED'] as const;

/**
 * Reads a tier's Job template and checks that it is what the tier promises.
 * @param image what the container runs instead of the image that the template names
 * @throws Error that names the file and everything that is wrong in it
 */
export function loadJobTemplate(tier: Pick<Tier, 'jobTemplate' | 'model'>, image?: string): Job {
  const template = parse(readFileSync(tier.jobTemplate, 'utf8')) as Job;
  const wrong = checkJobTemplate(template, tier);
  if (wrong.length) throw new Error(`${tier.jobTemplate.pathname} cannot be used: ${wrong.join('; ')}`);
  if (image) template.spec!.template.spec!.containers.find(({ name }) => name === containerName)!.image = image;
  return template;
}

/** What keeps a template from being used, a line for each; empty where nothing does. */
export function checkJobTemplate(template: Job, { model }: Pick<Tier, 'model'>): string[] {
  const pod = template?.spec?.template?.spec;
  const container = pod?.containers?.find(({ name }) => name === containerName);
  if (template?.kind !== 'Job' || !pod) return ['it is not a batch/v1 Job'];
  if (!container) return [`it has no container named "${containerName}"`];
  const value = (name: string) => container.env?.find((variable) => variable.name === name)?.value;
  const { requests, limits } = container.resources ?? {};
  const rules: [boolean, string][] = [
    [requests?.cpu === '900m', `it requests ${requests?.cpu ?? 'no'} CPU instead of 900m`],
    [limits?.cpu === '900m', `its limit is ${limits?.cpu ?? 'no'} CPU instead of 900m`],
    [value('TYPE') === model, `TYPE is ${value('TYPE') ?? 'missing'} instead of ${model}`],
    ...settableVariables.map((name): [boolean, string] => [
      value(name) !== undefined,
      `${name} is missing from its env`,
    ]),
    [template.spec?.backoffLimit === 0, 'its backoffLimit is not 0, so one place could count several pods'],
    [
      Boolean(template.spec?.ttlSecondsAfterFinished),
      'it has no ttlSecondsAfterFinished, so its Jobs would stay for ever',
    ],
    [pod.restartPolicy === 'Never', 'its restartPolicy is not Never'],
    [pod.automountServiceAccountToken === false, 'its pods would carry an account token'],
    [template.metadata?.name === undefined, 'it has a name; the tier chooses that'],
  ];
  return rules.filter(([holds]) => !holds).map(([, message]) => message);
}
