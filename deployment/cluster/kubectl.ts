/** What a deployment is done with: kubectl, which knows how to get in, and what is read through it. */

/** Runs kubectl against the cluster in question; gives what it printed. */
export type Kubectl = (args: string[], input?: string) => Promise<string>;

/** Reads a path of the cluster's API. */
export type ReadApi = <T>(path: string) => Promise<T>;
