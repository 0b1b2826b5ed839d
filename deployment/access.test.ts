import type { V1Service } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { describeAccess } from './access.ts';

/** The address of the page, as it is shown for a front with these ports and this load balancer. */
async function showPage(ports: number[], ingress: object[]): Promise<string | undefined> {
  const service = {
    spec: { ports: ports.map((port) => ({ port })) },
    status: { loadBalancer: { ingress } },
  } as V1Service;
  const shown = await describeAccess({ where: ['--context=course'], kubectl: async () => JSON.stringify(service) });
  return /the page +(\S+)/.exec(shown)?.[1];
}

test('the address has https where the front has TLS, and is this machine without a load balancer', async () => {
  const balancer = [{ hostname: 'lb.example.com' }];
  expect([
    await showPage([443, 80], balancer),
    await showPage([80], balancer),
    await showPage([80], [{ ip: '192.0.2.1' }]),
    await showPage([80], []),
  ]).toEqual(['https://lb.example.com/', 'http://lb.example.com/', 'http://192.0.2.1/', 'http://127.0.0.1:8080/']);
});

test('a cluster without the front is reached through this machine as well', async () => {
  const shown = await describeAccess({ where: ['--context=course'], kubectl: async () => '' });
  expect(shown).toContain('kubectl --context=course -n web-tier port-forward service/web-tier 8080:80');
});

test('a load balancer inside its network is named, and this machine goes through the API server all the same', async () => {
  const service: V1Service = {
    metadata: { annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal' } },
    spec: { ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ hostname: 'internal.example.com' }] } },
  };
  const shown = await describeAccess({ where: ['--context=course'], kubectl: async () => JSON.stringify(service) });
  expect(
    shown,
  ).toContain(`The mesh runs in this cluster. Inside its network it is reached at http://internal.example.com
To reach it from here, leave this running:
  kubectl --context=course -n web-tier port-forward service/web-tier 8080:80

  the page   http://127.0.0.1:8080/
`);
});
