// The free tier with the benchmark's own template: `node bench-tier.ts`, settings from the environment.
import { startTierService } from '@ml-job-mesh/tier-service';
import { freeTier } from '../../free_service/app/tier.ts';

await startTierService({ ...freeTier, jobTemplate: new URL('bench-job-template.yaml', import.meta.url) });
