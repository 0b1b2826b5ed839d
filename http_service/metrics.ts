import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics of one service, in a registry of their own. */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });

  return {
    registry,
    faults: new Counter({
      name: 'mesh_kubernetes_faults_total',
      help: 'Requests and watches on the Kubernetes API that failed',
      labelNames: ['during', 'reason'],
      registers,
    }),
    drift: new Counter({
      name: 'mesh_watch_drift_total',
      help: 'Objects whose copy in memory was found to differ from the Kubernetes API, and was repaired',
      labelNames: ['watch'],
      registers,
    }),

    /** Counts, when they are read, the streams of events that are open, by what they tell of. */
    countStreams(sizes: Record<string, () => number>): void {
      new Gauge({
        name: 'mesh_event_streams',
        help: 'Streams of events that are open, by what they tell of',
        labelNames: ['stream'],
        registers,
        collect() {
          for (const [stream, size] of Object.entries(sizes)) this.set({ stream }, size());
        },
      });
    },

    /** Measures each request of an app, by route and not by path. */
    measure(app: FastifyInstance): void {
      app.addHook('onResponse', (request, reply, done) => {
        const labels = {
          method: request.method,
          route: request.routeOptions.url ?? 'none',
          status: String(reply.statusCode),
        };
        requests.observe(labels, reply.elapsedTime / 1_000);
        done();
      });
    },
  };
}
