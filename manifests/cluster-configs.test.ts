// The files for eksctl, against the schema that it publishes. Nothing here has made a cluster of them.
import { readFile } from 'node:fs/promises';
import { Ajv, type ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fetchFromModule } from './testing/go-modules.ts';

const eksctlSchema = {
  module: 'github.com/weaveworks/eksctl',
  version: 'v0.230.0',
  sum: 'h1:4DKwoyEf/RM84J7OAJOPugb+W213U68VtKszB4oZUuE=',
  path: 'pkg/apis/eksctl.io/v1alpha5/assets/schema.json',
};
const course = '../clusterConfig.yaml';
const withServices = '../clusterConfig-services.yaml';
const files = [course, withServices, 'ml-pipeline/cluster.yaml'];

let validate: ValidateFunction;
beforeAll(async () => {
  const schema = JSON.parse(await readFile(await fetchFromModule(eksctlSchema), 'utf8'));
  // Its words for editors are no part of the standard.
  validate = new Ajv({ strict: false }).compile(schema);
}, 120_000);

async function read(file: string) {
  return parse(await readFile(new URL(file, import.meta.url), 'utf8'));
}

function faultsOf(config: unknown) {
  validate(config);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe.each(files)('%s', (file) => {
  test('is one that eksctl knows, down to the last field', async () => {
    const config = await read(file);
    expect(faultsOf(config)).toEqual([]);
    const [group] = config.managedNodeGroups;
    const misspelt = { ...config, managedNodeGroups: [{ ...group, disablePodImds: true }] };
    expect(faultsOf(misspelt)).toEqual(['/managedNodeGroups/0 must NOT have additional properties']);
  });

  test('keeps nodes out of the internet and pods from the rights of their node, and has NetworkPolicies enforced', async () => {
    const { addons, managedNodeGroups } = await read(file);
    for (const group of managedNodeGroups) {
      expect(group, group.name).toMatchObject({ privateNetworking: true, disablePodIMDS: true });
    }
    const network = addons.find(({ name }: { name: string }) => name === 'vpc-cni');
    expect(parse(network.configurationValues)).toEqual({ enableNetworkPolicy: 'true' });
  });
});

test("The course's cluster is the one of its contract, and the larger one is the same with more", async () => {
  const [small, large] = await Promise.all([read(course), read(withServices)]);
  expect(small).toMatchObject({
    metadata: { name: 'mp12-cluster', region: 'us-east-1' },
    availabilityZones: ['us-east-1a', 'us-east-1b'],
    managedNodeGroups: [{ name: 'ng-1', instanceType: 't2.medium', desiredCapacity: 2, minSize: 2, maxSize: 2 }],
  });
  expect(small.managedNodeGroups).toHaveLength(1);
  expect(large.metadata).toEqual(small.metadata);
  expect(large.availabilityZones).toEqual(small.availabilityZones);
  expect(large.addons).toEqual(expect.arrayContaining(small.addons));
  expect(large.managedNodeGroups[0]).toEqual(small.managedNodeGroups[0]);
});
