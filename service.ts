// `npm run service -- free`: runs one tier on this host, against the cluster that the kubeconfig names.
const tiers = ['free', 'premium'];
const tier = process.argv[2] ?? '';
if (!tiers.includes(tier)) {
  console.error(
    `service: "${tier}" is not a tier; say ${tiers.map((name) => `"npm run service -- ${name}"`).join(' or ')}`,
  );
  process.exit(2);
}
try {
  await import(`./${tier}_service/app/server.ts`);
} catch (error) {
  console.error(`service: ${(error as Error).message}`);
  process.exit(1);
}
