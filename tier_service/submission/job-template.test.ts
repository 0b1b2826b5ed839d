import { expect, test } from 'vitest';
import { freeTier } from '../../free_service/app/tier.ts';
import { premiumTier } from '../../premium_service/app/tier.ts';
import { checkJobTemplate, loadJobTemplate } from './job-template.ts';

test.each([freeTier, premiumTier])('the $name tier has a template that it can use', (tier) => {
  expect(checkJobTemplate(loadJobTemplate(tier), tier)).toEqual([]);
});

test('the image that a tier is given takes the place of the one in its template', () => {
  const images = (image?: string) =>
    loadJobTemplate(freeTier, image).spec!.template.spec!.containers.map((container) => container.image);
  expect(images()).toEqual(['localhost/ml-job-mesh/model-config:local']);
  expect(images('registry.example/model@sha256:1f2e')).toEqual(['registry.example/model@sha256:1f2e']);
});

test('a template that breaks what the tier promises is refused with all that is wrong', () => {
  const template = loadJobTemplate(freeTier);
  template.metadata!.name = 'fixed';
  template.spec!.backoffLimit = 3;
  const [container] = template.spec!.template.spec!.containers;
  container!.resources!.requests!.cpu = '1';
  container!.env = container!.env!.filter(({ name }) => name !== 'DATASET');
  expect(checkJobTemplate(template, { model: 'cnn' })).toEqual([
    'it requests 1 CPU instead of 900m',
    'TYPE is ff instead of cnn',
    'DATASET is missing from its env',
    'its backoffLimit is not 0, so one place could count several pods',
    'it has a name; the tier chooses that',
  ]);
  expect(checkJobTemplate({ kind: 'Pod' } as never, freeTier)).toEqual(['it is not a batch/v1 Job']);
});
