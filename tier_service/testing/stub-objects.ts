// The objects of the stub API server, kept under the API's own rules on names, versions and uids.
import { randomUUID } from 'node:crypto';
import { refusal } from '@ml-job-mesh/cluster-client/testing/stand-in-server.ts';
import { createWatchHistory } from '@ml-job-mesh/cluster-client/testing/watch-history.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON.
export type ApiObject = any;

/** Starts with none. What is against the rules throws the refusal that the API server would answer. */
export function createStubObjects() {
  const objects = new Map<string, ApiObject>();
  const history = createWatchHistory();

  /** The objects of a collection, e.g. `/apis/batch/v1/namespaces/free-service/jobs`, in the order of their creation. */
  function list(collection: string): ApiObject[] {
    const own = [...objects].filter(([key]) => key.startsWith(`${collection}/`));
    return own.map(([, object]) => structuredClone(object));
  }

  function publish(type: 'ADDED' | 'MODIFIED' | 'DELETED', collection: string, object: ApiObject): void {
    history.record(type, collection, object);
    const key = `${collection}/${object.metadata.name}`;
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, object);
  }

  function create(collection: string, given: ApiObject): ApiObject {
    const object = structuredClone(given);
    if (objects.has(`${collection}/${object.metadata.name}`)) throw refusal(409, 'AlreadyExists');
    const creationTimestamp = `${new Date().toISOString().slice(0, 19)}Z`;
    object.metadata = { ...object.metadata, uid: randomUUID(), creationTimestamp };
    publish('ADDED', collection, object);
    return object;
  }

  function find(collection: string, name: string): ApiObject {
    const object = objects.get(`${collection}/${name}`);
    if (!object) throw refusal(404, 'NotFound');
    return structuredClone(object);
  }

  function patch(collection: string, name: string, change: ApiObject): ApiObject {
    const object = find(collection, name);
    const before = JSON.stringify(object);
    if (Array.isArray(change)) applyOperations(object, change);
    else {
      const { uid, resourceVersion } = change.metadata ?? {};
      if (uid && uid !== object.metadata.uid) throw refusal(409, 'Conflict');
      if (resourceVersion && resourceVersion !== object.metadata.resourceVersion) throw refusal(409, 'Conflict');
      merge(object, change);
    }
    if (JSON.stringify(object) !== before) publish('MODIFIED', collection, object);
    return object;
  }

  function remove(collection: string, name: string, options: ApiObject): ApiObject {
    const object = find(collection, name);
    const uid = options?.preconditions?.uid;
    if (uid && uid !== object.metadata.uid) throw refusal(409, 'Conflict');
    publish('DELETED', collection, object);
    return object;
  }

  const has = (collection: string, name: string) => objects.has(`${collection}/${name}`);

  return { list, has, create, find, patch, remove, version: history.version, watch: history.serve };
}

/** RFC 7396. */
function merge(target: ApiObject, change: ApiObject): void {
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete target[name];
    else if (typeof value === 'object' && !Array.isArray(value)) {
      target[name] ??= {};
      merge(target[name], value);
    } else target[name] = value;
  }
}

/** The operations of RFC 6902 that the tiers use; a failed test is 422, as at the real API server. */
function applyOperations(target: ApiObject, operations: { op: string; path: string; value: unknown }[]): void {
  for (const { op, path, value } of operations) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop()!;
    const parent = keys.reduce((object, key) => object?.[key], target);
    if (parent === undefined || (op === 'test' && parent[last] !== value)) throw refusal(422, 'Invalid');
    if (op !== 'test') parent[last] = value;
  }
}
