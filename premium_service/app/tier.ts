import type { Tier } from '@ml-job-mesh/tier-service';

/** The premium tier: the convolutional network, at once. The older path's namespace is fixed by its first users. */
export const premiumTier: Tier = {
  name: 'premium',
  model: 'cnn',
  places: [
    { path: '/premium', namespace: 'premium-service' },
    { path: '/img-classification/premium', namespace: 'default' },
  ],
  admission: 'immediate',
  jobTemplate: new URL('../job/premium-job-template.yaml', import.meta.url),
};
