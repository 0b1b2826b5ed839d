import type { Metrics } from '@ml-job-mesh/http-service';
import { Gauge, Histogram } from 'prom-client';
import type { JobIndex } from './records/job-index.ts';
import { statuses } from './state/job-status.ts';

/** Adds to a service's metrics what only a tier has: its jobs by status, counted when they are read, and their waits. */
export function createTierMetrics({ registry }: Metrics, index: JobIndex) {
  const registers = [registry];
  new Gauge({
    name: 'mesh_jobs',
    help: 'Jobs by status',
    labelNames: ['status'],
    registers,
    collect() {
      for (const status of statuses) this.set({ status }, index.counts[status]);
    },
  });
  return {
    admissionWait: new Histogram({
      name: 'mesh_admission_wait_seconds',
      help: 'Time from the acceptance of a job to its place',
      buckets: [0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200],
      registers,
    }),
    slotFill: new Histogram({
      name: 'mesh_slot_fill_seconds',
      help: 'Time from a slot being free, with a job waiting, to that job having its pod',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300],
      registers,
    }),
  };
}
