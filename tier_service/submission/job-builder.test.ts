import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freeTier } from '../../free_service/app/tier.ts';
import { premiumTier } from '../../premium_service/app/tier.ts';
import type { Job } from '../state/kubernetes-objects.ts';
import { jobNamePrefix } from '../tier.ts';
import { buildJob, type JobIdentity } from './job-builder.ts';
import { randomJobName } from './job-name.ts';
import { readJobRequest } from './job-request.ts';
import { loadJobTemplate } from './job-template.ts';

const identity: JobIdentity = {
  name: 'free-job-template-abc',
  namespace: 'free-service',
  suspend: true,
  accepted: '1795233104345000',
  requestId: 'request-1',
  requestHash: 'hash-1',
};

test('a Job is the template with its name, its place, its labels and the values of the request', () => {
  const template = loadJobTemplate(freeTier);
  const expected = structuredClone(template) as Job;
  expected.metadata = {
    ...template.metadata,
    name: 'free-job-template-abc',
    namespace: 'free-service',
    labels: {
      ...template.metadata!.labels,
      'ml-job-mesh.io/dataset': 'kmnist',
      'ml-job-mesh.io/epochs': '3',
      'ml-job-mesh.io/pretrained': 'true',
    },
    annotations: {
      'ml-job-mesh.io/accepted': '1795233104345000',
      'ml-job-mesh.io/request-id': 'request-1',
      'ml-job-mesh.io/request-hash': 'hash-1',
    },
  };
  expected.spec!.suspend = true;
  expected.spec!.template.spec!.containers[0]!.env = [
    { name: 'TYPE', value: 'ff' },
    { name: 'DATASET', value: 'kmnist' },
    { name: 'EPOCHS', value: '3' },
    { name: 'PRETRAINED', value: 'true' },
  ];
  expect(buildJob(template, { dataset: 'kmnist', epochs: 3, pretrained: true }, identity)).toEqual(expected);
});

test("where API keys are on, the Job and its pod carry the client's name", () => {
  const template = loadJobTemplate(freeTier);
  const choices = { dataset: 'mnist', epochs: 5, pretrained: false } as const;
  const expected = buildJob(template, choices, identity);
  expected.metadata!.annotations!['ml-job-mesh.io/client'] = 'ann';
  const pod = structuredClone(template.spec!.template.metadata!);
  expected.spec!.template.metadata = { ...pod, annotations: { 'ml-job-mesh.io/client': 'ann' } };
  expect(buildJob(template, choices, { ...identity, client: 'ann' })).toEqual(expected);
});

test('the template is left as it was', () => {
  const template = loadJobTemplate(premiumTier);
  const before = structuredClone(template);
  buildJob(template, { dataset: 'mnist', epochs: 1, pretrained: false }, identity);
  expect(template).toEqual(before);
});

test('whatever a client puts into any field, the Job equals the golden one but for the allow-listed values', () => {
  const template = loadJobTemplate(freeTier);
  const field = fc.oneof(
    fc.string(),
    fc.constantFrom('image', 'command', 'env', 'TYPE', '__proto__', 'metadata', 'namespace', 'spec'),
  );
  fc.assert(
    fc.property(
      fc.dictionary(field, fc.anything()),
      fc.constantFrom('mnist', 'kmnist'),
      fc.integer({ min: 1, max: 20 }),
      (fields, dataset, epochs) => {
        const body = JSON.stringify({ ...fields, pretrained: false, dataset, epochs });
        const built = buildJob(template, readJobRequest(body), identity);
        const golden = buildJob(template, { dataset: dataset as 'mnist', epochs, pretrained: false }, identity);
        expect(built).toEqual(golden);
      },
    ),
  );
});

test('names are the prefix and 26 characters that Kubernetes allows, each another', () => {
  const names = Array.from({ length: 1_000 }, () => randomJobName(jobNamePrefix(premiumTier)));
  expect(new Set(names).size).toBe(1_000);
  for (const name of names) expect(name).toMatch(/^premium-job-template-[a-z2-7]{26}$/);
});
