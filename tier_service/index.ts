export { startTierService } from './server.ts';
export type { Place, Tier } from './tier.ts';
