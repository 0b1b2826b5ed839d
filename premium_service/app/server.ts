// `npm run service -- premium` on a host; the container's command in the cluster.
import { startTierService } from '@ml-job-mesh/tier-service';
import { premiumTier } from './tier.ts';

await startTierService(premiumTier);
