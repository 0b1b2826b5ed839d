/** The tabs of the page, in their order. */
import type { ComponentType } from 'react';
import { Classify } from '../classify/classify.tsx';
import { Cluster } from '../cluster/cluster.tsx';
import { Jobs } from '../jobs/jobs.tsx';
import { Models } from '../models/models.tsx';

export interface Tab {
  /** Its path behind the `#`; whatever is below it is the tab's own. */
  path: string;
  title: string;
  Content: ComponentType;
}

export const tabs: Tab[] = [
  { path: '/classify', title: 'Classify', Content: Classify },
  { path: '/jobs', title: 'Jobs', Content: Jobs },
  { path: '/models', title: 'Models', Content: Models },
  { path: '/cluster', title: 'Cluster', Content: Cluster },
];
