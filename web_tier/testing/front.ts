import { type RealEnvoyOptions, startEnvoy } from './real-envoy.ts';
import { startStubUpstream } from './stub-upstream.ts';

/** The front proxy's configuration. */
export const frontFile = new URL('../web_tier_envoy.yaml', import.meta.url);

/** What the Deployment's environment says where no rate limit is on. */
export const withoutRateLimit = { RATE_LIMIT_REQUEST_COST: '1', RATE_LIMIT_POST_COST: '1' };

export const frontHosts = {
  free: 'free-tier.free-tier.svc.cluster.local:8080',
  premium: 'premium-tier.premium-tier.svc.cluster.local:8080',
  grader: 'grader-interface.web-tier.svc.cluster.local:5000',
  backend: 'ml-backend.ml-pipeline.svc.cluster.local:5000',
  page: 'ml-frontend.ml-pipeline.svc.cluster.local:3000',
};

const stubNames = {
  free: 'free-tier',
  premium: 'premium-tier',
  grader: 'grader-interface',
  backend: 'ml-backend',
  page: 'ml-frontend',
} as const;

/** The front proxy with a stub for each of the services behind it, for tests. */
export async function startFront(options: Partial<RealEnvoyOptions> = {}) {
  const started = Object.entries(stubNames).map(async ([service, name]) => {
    return [frontHosts[service as keyof typeof frontHosts], await startStubUpstream(name)] as const;
  });
  const stubsByHost = await Promise.all(started);
  const stubs = stubsByHost.map(([, stub]) => stub);
  const envoy = await startEnvoy({
    file: frontFile,
    env: withoutRateLimit,
    upstreams: Object.fromEntries(stubsByHost.map(([host, { port }]) => [host, port])),
    ...options,
  });
  return {
    ...envoy,
    stubs,
    /** How many requests any of the services has seen. */
    seen: () => stubs.flatMap((stub) => stub.seen),
    async stop(): Promise<void> {
      await Promise.all([envoy.stop(), ...stubs.map((stub) => stub.stop())]);
    },
  };
}
