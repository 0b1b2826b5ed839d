/** What an autoscaler did under load, second by second; written by the check, drawn by `npm run bench autoscaling`. */
export interface AutoscalingSeries {
  /** What was scaled. */
  service: string;
  /** When the load began and when it ended, in seconds from the first second. */
  load: { from: number; to: number };
  seconds: Second[];
}

export interface Second {
  /** Requests that were answered. */
  answered: number;
  /** The median, and what 95 of 100 answers took at most, in milliseconds; null where there were none. */
  medianMs: number | null;
  p95Ms: number | null;
  /** Pods that are ready. */
  pods: number;
  /** The CPU that a pod uses on average, as the autoscaler reads it, in thousandths; null where it has read none yet. */
  cpuMillis: number | null;
}
