// `npm run service -- free`: runs one tier on this host, against the cluster that the kubeconfig names.
import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';

const tier = process.argv[2] ?? '';
if (!tierNames.some((name) => name === tier)) {
  console.error(
    `service: "${tier}" is not a tier; say ${tierNames.map((name) => `"npm run service -- ${name}"`).join(' or ')}`,
  );
  process.exit(2);
}
try {
  await import(`./${tier}_service/app/server.ts`);
} catch (error) {
  console.error(`service: ${(error as Error).message}`);
  process.exit(1);
}
