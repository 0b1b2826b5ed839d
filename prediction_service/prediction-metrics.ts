import type { Metrics } from '@ml-job-mesh/http-service';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { DecodeQueue } from './images/decode-queue.ts';
import type { Load } from './serving/load.ts';

/** Adds to a service's metrics what only predictions have: batches, what waits, and what was refused. */
export function createPredictionMetrics(
  { registry }: Metrics,
  { load, decodes }: { load: Load; decodes: DecodeQueue },
) {
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(value());
      },
    });
  gauge('mesh_predictions_in_flight', 'Calls that are being answered', load.calls);
  gauge('mesh_predictions_body_bytes', 'What has come of the bodies of these calls', load.bytes);
  gauge('mesh_images_being_read', 'Images that are read or wait for it, beside small PNGs', decodes.waiting);
  new Counter({
    name: 'mesh_predictions_refused_total',
    help: 'Calls that were refused before they were read to the end because there were too many',
    registers,
    collect() {
      this.reset();
      this.inc(load.refused());
    },
  });
  return {
    batchSize: new Histogram({
      name: 'mesh_inference_batch_images',
      help: 'Images that a network looked at together',
      labelNames: ['model'],
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'mesh_inference_batch_seconds',
      help: 'Time that a network took for them',
      labelNames: ['model'],
      buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
      registers,
    }),
    model: new Gauge({
      name: 'mesh_model_version',
      help: 'The version of each model that answers',
      labelNames: ['model'],
      registers,
    }),
  };
}
