/** The kinds of cert-manager, of the Gateway API and of Envoy Gateway, as their projects define them. */
import { join } from 'node:path';
import { fetchFromModule, type ModulePart } from './go-modules.ts';
import { kubectl } from './kubectl.ts';

/** The definitions that are needed, of each module's folder of them. */
interface Definitions extends ModulePart {
  files: string[];
}

const sources: Definitions[] = [
  {
    module: 'sigs.k8s.io/gateway-api',
    version: 'v1.6.3',
    sum: 'h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=',
    path: 'config/crd/standard',
    files: ['gateway.networking.k8s.io_gateways.yaml', 'gateway.networking.k8s.io_httproutes.yaml'],
  },
  {
    module: 'github.com/cert-manager/cert-manager',
    version: 'v1.21.2',
    sum: 'h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=',
    path: 'deploy/crds',
    files: ['cert-manager.io_certificates.yaml'],
  },
  {
    module: 'github.com/envoyproxy/gateway',
    version: 'v1.9.1',
    sum: 'h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY=',
    path: 'charts/gateway-helm/charts/crds/crds/generated',
    files: ['envoyproxies', 'clienttrafficpolicies', 'backendtrafficpolicies'].map(
      (kind) => `gateway.envoyproxy.io_${kind}.yaml`,
    ),
  },
];

/** Makes the API server know the kinds. Gives what takes that back. */
export async function applyDefinitions(): Promise<() => Promise<void>> {
  const found = sources.map(async ({ files, ...part }) => {
    const folder = await fetchFromModule(part);
    return files.map((name) => join(folder, name));
  });
  const files = (await Promise.all(found)).flat().flatMap((file) => ['-f', file]);
  await kubectl(['apply', '--server-side', '--force-conflicts', ...files]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...files]);
  return async () => {
    await kubectl(['delete', '--ignore-not-found', ...files]);
  };
}
