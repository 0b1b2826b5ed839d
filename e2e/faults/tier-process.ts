// The free tier, all of the product's code, with a namespace and a Job template of the test's own.
//
//   TIER_NAMESPACE=… TIER_JOB_TEMPLATE=file:///… node tier-process.ts
import { startTierService } from '@ml-job-mesh/tier-service';
import { freeTier } from '../../free_service/app/tier.ts';

const namespace = process.env.TIER_NAMESPACE!;
await startTierService({
  ...freeTier,
  places: freeTier.places.map(({ path }) => ({ path, namespace })),
  jobTemplate: new URL(process.env.TIER_JOB_TEMPLATE!),
});
