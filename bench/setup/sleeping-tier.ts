// A tier whose jobs sleep: `node sleeping-tier.ts free|premium TEMPLATE`, settings from the environment as ever.
import { pathToFileURL } from 'node:url';
import { startTierService } from '@ml-job-mesh/tier-service';
import { freeTier } from '../../free_service/app/tier.ts';
import { premiumTier } from '../../premium_service/app/tier.ts';

const [name, template] = process.argv.slice(2);
const tier = name === 'premium' ? premiumTier : freeTier;
await startTierService({ ...tier, jobTemplate: pathToFileURL(template!) });
