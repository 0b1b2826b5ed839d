// `npm run service -- free` on a host; the container's command in the cluster.
import { startTierService } from '@ml-job-mesh/tier-service';
import { freeTier } from './tier.ts';

await startTierService(freeTier);
