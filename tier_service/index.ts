export { buildApp, serverOptions, useProblems } from './app.ts';
export { problem, ServiceError } from './errors.ts';
export { startInternalServer } from './internal-server.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { startTierService } from './server.ts';
export type { Place, Tier } from './tier.ts';
