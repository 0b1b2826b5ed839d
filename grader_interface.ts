/**
 * The grader interface: what graders and course scripts read of the cluster, on port 5000.
 *
 *     npm run grader [-- --port 5000] [--kubeconfig FILE] [--context NAME]
 *
 * It runs in the cluster and, by itself, on any host that has a kubeconfig. The environment gives the rest, as for
 * the tiers: PORT, HOST, METRICS_PORT, LOG_LEVEL, DRAIN_MS, API_KEYS_FILE.
 */
import { parseArgs } from 'node:util';
import { readServiceEnvironment } from '@ml-job-mesh/http-service';
import { startGraderService } from './grader_interface/grader-service.ts';

const defaultPort = '5000';

try {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, kubeconfig: { type: 'string' }, context: { type: 'string' } },
  });
  const { port = process.env.PORT || defaultPort, ...clusterOptions } = values;
  await startGraderService(readServiceEnvironment({ ...process.env, PORT: port }), clusterOptions);
} catch (error) {
  process.stderr.write(`grader interface: ${(error as Error).message}\n`);
  process.exit(1);
}
