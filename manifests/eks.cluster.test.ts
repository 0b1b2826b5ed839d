// EKS, as far as it can be had without EKS: what is rendered, and what a real API server says of it that knows the kinds of
// cert-manager, of the Gateway API and of Envoy Gateway. Nothing here has run on EKS.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { KubernetesObject, V1Deployment, V1Job, V1Service } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { applyDefinitions } from './testing/definitions.ts';
import { missingWherePublic, publicEntrances } from './testing/exposure.ts';
import { applyGroundwork, kubectl, pathOf } from './testing/kubectl.ts';
import { containersOf, listFolders, ofKind, render as renderAnew, type Workload } from './testing/render.ts';

const openings = ['public-nlb-tls', 'public-envoy-tls', 'public-alb-tls', 'public-gateway-tls'];
const entranceOf: Record<string, string> = {
  'public-nlb-tls': 'Service web-tier/web-tier',
  'public-envoy-tls': 'Service web-tier/web-tier',
  'public-alb-tls': 'Ingress web-tier/web-tier',
  'public-gateway-tls': 'Gateway web-tier/web-tier',
};

let forget: (() => Promise<void>) | undefined;
beforeAll(async () => {
  await applyGroundwork();
  forget = await applyDefinitions();
});
afterAll(() => forget?.());

const rendered = new Map<string, KubernetesObject[]>();

/** What an overlay and some components are together, to be changed at will. */
async function render(overlay: string, components: string[] = []): Promise<KubernetesObject[]> {
  const key = [overlay, ...components].join();
  const objects = rendered.get(key) ?? (await renderAnew(overlay, components));
  rendered.set(key, objects);
  return structuredClone(objects);
}

async function tryToApply(objects: KubernetesObject[]): Promise<number> {
  const everything = objects.map((object) => stringify(object)).join('---\n');
  const how = ['--server-side', '--force-conflicts', '--field-manager=ml-job-mesh', '--dry-run=server'];
  return (await kubectl(['apply', ...how, '-f', '-'], everything)).trim().split('\n').length;
}

function frontOf(objects: KubernetesObject[]): V1Deployment {
  return ofKind<V1Deployment>(objects, 'Deployment').find(({ metadata }) => metadata?.name === 'web-tier')!;
}

function serviceOf(objects: KubernetesObject[]): V1Service {
  return ofKind<V1Service>(objects, 'Service').find(({ metadata }) => metadata?.name === 'web-tier')!;
}

/** An object of a rendering, to be changed. */
function find(objects: KubernetesObject[], kind: string, name: string) {
  // biome-ignore lint/suspicious/noExplicitAny: changed in ways that its type does not allow.
  return objects.find((object) => object.kind === kind && object.metadata?.name === name) as any;
}

describe.each([...openings, 'alb-ingress'])('The component %s', (component) => {
  test('is accepted on EKS, with the schemas of its kinds', async () => {
    const objects = await render('eks', [component]);
    expect(await tryToApply(objects)).toBe(objects.length);
  });
});

test('A field or a value that a kind does not have is not accepted', async () => {
  const objects = await render('eks', ['public-gateway-tls']);
  find(objects, 'Gateway', 'web-tier').spec.listeners[1].tls.mode = 'Sometimes';
  await expect(tryToApply(objects)).rejects.toThrow(/Unsupported value: "Sometimes"/);
});

describe('From the internet', () => {
  test('no overlay is reached as it is', async () => {
    const overlays = await listFolders('overlays');
    const found = await Promise.all(overlays.map(async (name) => [name, publicEntrances(await render(name))]));
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(overlays.map((name) => [name, []])));
  });

  test('no component opens EKS but those that say so, and all of them with TLS, keys, limits and addresses', async () => {
    const { components: included }: { components: string[] } = parse(
      await readFile(pathOf('overlays/eks/kustomization.yaml'), 'utf8'),
    );
    const components = await listFolders('components');
    const others = components.filter((name) => !included.includes(`../../components/${name}`));
    const opened: Record<string, string[]> = {};
    for (const component of others) {
      const objects = await render('eks', [component]);
      expect(missingWherePublic(objects), component).toEqual([]);
      const entrances = publicEntrances(objects);
      if (entrances.length > 0) opened[component] = entrances;
    }
    const expected = openings.map((component) => [component, [entranceOf[component]]]);
    expect(opened).toEqual(Object.fromEntries(expected));
  });

  test.each(openings)('%s has the same beside any other component, and on any cluster', async (component) => {
    const beside = await render('eks', ['api-keys', 'rate-limit', component, 'public']);
    expect([publicEntrances(beside), missingWherePublic(beside)]).toEqual([[entranceOf[component]], []]);
    const elsewhere = await render('context', [component]);
    expect(publicEntrances(elsewhere)).toEqual([entranceOf[component]]);
    expect(missingWherePublic(elsewhere)).toEqual([]);
  });

  test.each([
    ['overlays/eks', []],
    ['the component alb-ingress', ['alb-ingress']],
  ])('and from networks that only know the way to the VPC, %s is not reached either', async (_, components) => {
    const objects = await render('eks', components);
    const annotations = find(objects, 'Ingress', 'web-tier')?.metadata.annotations;
    const ranges = serviceOf(objects).spec!.loadBalancerSourceRanges ?? [
      annotations['alb.ingress.kubernetes.io/inbound-cidrs'],
    ];
    // What eksctl gives a VPC for which nothing else is asked.
    expect(ranges).toEqual(['192.168.0.0/16']);
    const { vpc } = parse(await readFile(pathOf('../clusterConfig.yaml'), 'utf8'));
    expect(vpc?.cidr).toBeUndefined();
    expect(await readFile(pathOf('../docs/eks.md'), 'utf8')).toContain('`192.168.0.0/16`');
  });

  test.each(['public-nlb-tls', 'public-envoy-tls'])(
    '%s leaves the targets as overlays/eks has them',
    async (component) => {
      const attributes = (objects: KubernetesObject[]) =>
        serviceOf(objects).metadata!.annotations![
          'service.beta.kubernetes.io/aws-load-balancer-target-group-attributes'
        ];
      expect(attributes(await render('context', [component]))).toBe(attributes(await render('eks')));
    },
  );

  test.each(openings)('nobody is let in by %s before somebody has said who', async (component) => {
    const ranges = JSON.stringify(await render('eks', [component]));
    expect(ranges).toContain('192.0.2.0/24');
    expect(ranges).not.toContain('0.0.0.0/0');
  });

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const breakages: [string, string, (front: any, objects: KubernetesObject[]) => void, string][] = [
    [
      'public-nlb-tls',
      'a key',
      (_, objects) => {
        find(objects, 'Deployment', 'ml-backend').spec.template.spec.containers[0].env = [];
      },
      'ml-backend: no keys',
    ],
    [
      'public-nlb-tls',
      'the limit of POSTs',
      (front) => {
        const { env } = front.spec.template.spec.containers[0];
        env.find(({ name }: { name: string }) => name === 'RATE_LIMIT_POST_COST').value = '1';
      },
      'web-tier: no limit (RATE_LIMIT_POST_COST)',
    ],
    [
      'public-nlb-tls',
      'the certificate',
      (_, objects) => {
        delete serviceOf(objects).metadata!.annotations!['service.beta.kubernetes.io/aws-load-balancer-ssl-cert'];
      },
      'Service web-tier/web-tier: no TLS at port 443',
    ],
    [
      'public-envoy-tls',
      'the edition that speaks TLS',
      (front) => {
        front.spec.template.spec.containers[0].args[1] = '/etc/envoy/web_tier_envoy.nlb.yaml';
      },
      'Service web-tier/web-tier: no TLS at port 443',
    ],
    [
      'public-alb-tls',
      'the edition that reads addresses',
      (front) => {
        front.spec.template.spec.containers[0].args[1] = '/etc/envoy/web_tier_envoy.yaml';
      },
      "Ingress web-tier/web-tier: no client's address",
    ],
    [
      'public-envoy-tls',
      'what keeps the nodes shut',
      (_, objects) => {
        delete serviceOf(objects).spec!.allocateLoadBalancerNodePorts;
      },
      'Service web-tier/web-tier: ports of the nodes are open',
    ],
    [
      'public-gateway-tls',
      'what keeps the nodes shut',
      (_, objects) => {
        delete find(objects, 'EnvoyProxy', 'web-tier').spec.provider.kubernetes.envoyService
          .allocateLoadBalancerNodePorts;
      },
      'Gateway web-tier/web-tier: ports of the nodes are open',
    ],
    [
      'public-nlb-tls',
      'ranges',
      (_, objects) => {
        delete serviceOf(objects).spec!.loadBalancerSourceRanges;
      },
      'Service web-tier/web-tier: nobody has said who may come',
    ],
    [
      'public-gateway-tls',
      'the redirect',
      (_, objects) => {
        find(objects, 'HTTPRoute', 'web-tier').spec.parentRefs = [{ name: 'web-tier' }];
      },
      'Gateway web-tier/web-tier: no TLS at http',
    ],
  ];
  test.each(breakages)('%s would be found without %s', async (component, _what, breakIt, found) => {
    const objects = await render('eks', [component]);
    breakIt(frontOf(objects), objects);
    expect(missingWherePublic(objects)).toEqual([found]);
  });

  test('a load balancer of whatever kind that nobody called internal would be found', async () => {
    const objects = await render('eks');
    const service = serviceOf(objects);
    delete service.spec!.loadBalancerClass;
    expect(publicEntrances(objects)).toEqual(['Service web-tier/web-tier']);
    expect(missingWherePublic(objects)).toHaveLength(8);
  });
});

test('What docs/eks.md says to write is accepted, and open only where it says so', async () => {
  const text = await readFile(pathOf('../docs/eks.md'), 'utf8');
  const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);
  const kustomizations = examples.filter((yaml) => yaml.includes('kind: Kustomization'));
  const entrances: string[][] = [];
  for (const kustomization of kustomizations) {
    const folder = await mkdtemp(join(tmpdir(), 'kustomize-'));
    const project = `${relative(folder, pathOf('../'))}/`;
    await writeFile(join(folder, 'kustomization.yaml'), kustomization.replaceAll('../ml-job-mesh/', project));
    const printed = await kubectl(['kustomize', folder]);
    await rm(folder, { recursive: true });
    const objects: KubernetesObject[] = parseAllDocuments(printed).map((document) => document.toJS());
    expect(await tryToApply(objects)).toBe(objects.length);
    expect(missingWherePublic(objects)).toEqual([]);
    entrances.push(publicEntrances(objects));
  }
  expect(entrances).toEqual([[], ['Service web-tier/web-tier']]);
});

test('The nodes of docs/eks.md hold as many Jobs as it says, beside services, add-ons, an update and the training', async () => {
  const objects = await render('eks');
  const asks = (workload: Workload) =>
    containersOf(workload).reduce((sum, { resources }) => sum + scaledValue(resources!.requests!.cpu!, -3), 0);
  const deployments = ofKind<V1Deployment>(objects, 'Deployment');
  const services = deployments.map(asks).reduce((sum, cpu) => sum + cpu, asks(frontOf(objects)));
  const meanwhile = [...deployments, ...ofKind<V1Job>(objects, 'Job')].map(asks).reduce((sum, cpu) => sum + cpu, 0);
  const document = await readFile(pathOf('../docs/eks.md'), 'utf8');
  const said = (pattern: RegExp) => Number(pattern.exec(document)?.[1]?.replace(',', ''));
  const template: V1Job = parse(await readFile(pathOf('../free_service/job/free-job-template.yaml'), 'utf8'));
  const [ofNode, job, addOns] = [
    said(/left for everything else.*\*\*([\d,]+)m/),
    asks(template),
    said(/^\| two of CoreDNS.*\| (\d+)m/m),
  ];
  expect(ofNode).toBe(2_000 - 70 - 150);
  expect([said(/^\| the services, .*\| (\d+)m/m), said(/^\| a second pod of each service.*\| (\d+)m/m)]).toEqual([
    services,
    meanwhile,
  ]);
  expect([said(/2 × (\d+)m against/), said(/2 × \d+m against (\d+)m/)]).toEqual([
    ofNode - job,
    services + meanwhile + addOns,
  ]);
  expect(Math.floor(ofNode / job)).toBe(1);
  expect(2 * (ofNode - job)).toBeGreaterThan(services + meanwhile + addOns);
});

describe('The front on EKS', () => {
  test('has at least two replicas, on different nodes whatever happens and in different zones where that is possible', async () => {
    const objects = await render('eks');
    const { replicas, strategy, template } = frontOf(objects).spec!;
    const { minReplicas, maxReplicas } = find(objects, 'HorizontalPodAutoscaler', 'web-tier').spec;
    expect([replicas, minReplicas, maxReplicas]).toEqual([undefined, 2, 3]);
    expect(strategy!.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    const spread = template.spec!.topologySpreadConstraints!.map(({ topologyKey, whenUnsatisfiable, maxSkew }) => [
      topologyKey,
      whenUnsatisfiable,
      maxSkew,
    ]);
    expect(spread).toEqual([
      ['kubernetes.io/hostname', 'DoNotSchedule', 1],
      ['topology.kubernetes.io/zone', 'ScheduleAnyway', 1],
    ]);
  });

  test('takes connections for longer than its load balancer may send them, and has the time for that', async () => {
    const objects = await render('eks');
    const { terminationGracePeriodSeconds, containers } = frontOf(objects).spec!.template.spec!;
    const { args, lifecycle } = containers[0]!;
    const hook = lifecycle!.preStop!.exec!.command!.at(-1)!;
    const [, open, closing] = /healthcheck\/fail.*sleep (\d+);.*drain_listeners.*sleep (\d+);/s.exec(hook)!;
    const annotations = serviceOf(objects).metadata!.annotations!;
    const annotation = (name: string) => annotations[`service.beta.kubernetes.io/aws-load-balancer-${name}`]!;
    const attributes = Object.fromEntries(
      annotation('target-group-attributes')
        .split(',')
        .map((one) => one.split('=')),
    );
    const noticed = Number(annotation('healthcheck-interval')) * Number(annotation('healthcheck-unhealthy-threshold'));
    const deregistered = Number(attributes['deregistration_delay.timeout_seconds']);
    expect(Number(open)).toBeGreaterThanOrEqual(deregistered + noticed);
    const drain = Number(args![args!.indexOf('--drain-time-s') + 1]);
    expect(Number(closing)).toBeGreaterThan(drain);
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(open) + Number(closing) + 30);
    expect(attributes['target_health_state.unhealthy.connection_termination.enabled']).toBe('false');
  });

  test('is asked for its health where its probes are, over plain HTTP', async () => {
    const ports = (objects: KubernetesObject[]) =>
      frontOf(objects).spec!.template.spec!.containers[0]!.ports!.find(({ name }) => name === 'probes')!.containerPort;
    const objects = await render('eks');
    const annotations = serviceOf(objects).metadata!.annotations!;
    expect(annotations).toMatchObject({
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-port': String(ports(objects)),
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-path': '/healthz',
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol': 'http',
    });
    const withIngress = await render('eks', ['alb-ingress']);
    expect(find(withIngress, 'Ingress', 'web-tier').metadata.annotations).toMatchObject({
      'alb.ingress.kubernetes.io/healthcheck-port': String(ports(withIngress)),
      'alb.ingress.kubernetes.io/healthcheck-path': '/healthz',
    });
  });
});
