/**
 * The one way in which every part of the mesh talks to the Kubernetes API: calls, watches and streams; and how it reads
 * quantities.
 */

export { createBackoff } from './backoff.ts';
export {
  type ClusterConnection,
  type ConnectOptions,
  connectToCluster,
  type RequestOptions,
  type StreamOptions,
} from './connection.ts';
export { KubernetesError } from './kubernetes-error.ts';
export { listCollection } from './list-collection.ts';
export { protobufReader } from './protobuf.ts';
export { convertQuantity, formatQuantity, parseQuantity, type Quantity, scaledValue } from './quantity.ts';
export { readLines } from './read-lines.ts';
export { startWatchCache, type WatchCache, type WatchCacheOptions } from './watch-cache.ts';
export type { Wire } from './wire.ts';
