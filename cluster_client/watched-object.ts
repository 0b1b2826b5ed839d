/** Any object of the Kubernetes API. */
export interface WatchedObject {
  metadata?:
    | {
        namespace?: string | undefined;
        name?: string | undefined;
        resourceVersion?: string | undefined;
        managedFields?: unknown;
      }
    | undefined;
}

/** Tells the objects of a collection from each other. */
export function keyOf({ metadata }: WatchedObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

/** Without who wrote which field when: nobody here asks, and it would be a third of what is kept of a Job. */
export function withoutManagedFields<T extends WatchedObject>(object: T): T {
  delete object.metadata?.managedFields;
  return object;
}
