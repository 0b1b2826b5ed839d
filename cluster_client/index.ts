/**
 * The one way in which every part of the mesh talks to the Kubernetes API: calls, watches and streams; and how it reads
 * quantities.
 */

export { createBackoff } from './backoff.ts';
export { type ClusterConnection, type ConnectOptions, connectToCluster } from './connection.ts';
export { KubernetesError } from './kubernetes-error.ts';
export { listCollection } from './list-collection.ts';
export { protobufReader } from './protobuf.ts';
export { convertQuantity, formatQuantity, parseQuantity, scaledValue } from './quantity.ts';
export { readLines } from './read-lines.ts';
export { type ChangeType, startWatchCache, type WatchCache } from './watch-cache.ts';
export type { Wire } from './wire.ts';
