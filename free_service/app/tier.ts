import type { Tier } from '@ml-job-mesh/tier-service';

/** The free tier: the feed-forward network, in a queue for the 2 CPU of its ResourceQuota. */
export const freeTier: Tier = {
  name: 'free',
  model: 'ff',
  places: [
    { path: '/free', namespace: 'free-service' },
    { path: '/img-classification/free', namespace: 'free-service' },
  ],
  admission: 'queued',
  jobTemplate: new URL('../job/free-job-template.yaml', import.meta.url),
};
