/** The Envoy binary that the project installed. */
export async function findEnvoy(): Promise<string> {
  return '/tmp/envoy';
}
