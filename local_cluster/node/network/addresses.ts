// Pods need addresses of their own, but a process without privileges can listen on loopback addresses only, and the
// API server refuses those in EndpointSlices. So each pod has a pair: what its status says (10.O.N.M) and what its
// processes listen on (127.O.N.M). The cluster DNS, which knows the rule, answers with the second.

/** One place in the cluster's network under both of its names. */
export interface AddressPair {
  /** What the API says, e.g. `10.244.1.7`. */
  readonly announced: string;
  /** What processes bind and connect to, e.g. `127.244.1.7`. */
  readonly local: string;
}

const firstPod = 2;
const lastPod = 254;

/** The address pair `M` of a node; 1 is the node itself. */
export function addressPair(octet: number, nodeNumber: number, last: number): AddressPair {
  return { announced: `10.${octet}.${nodeNumber}.${last}`, local: `127.${octet}.${nodeNumber}.${last}` };
}

export type AddressPool = ReturnType<typeof createAddressPool>;

/**
 * The pod addresses of one node. An address that was given back is used again as late as possible, because whoever
 * talked to its last owner may remember it for some seconds.
 */
export function createAddressPool(octet: number, nodeNumber: number) {
  const taken = new Set<number>();
  let next = firstPod;

  return {
    /** Gives a free address. @throws Error when all 253 are in use */
    allocate(): AddressPair {
      for (let tries = firstPod; tries <= lastPod; tries++) {
        const candidate = next;
        next = next === lastPod ? firstPod : next + 1;
        if (taken.has(candidate)) continue;
        taken.add(candidate);
        return addressPair(octet, nodeNumber, candidate);
      }
      throw new Error('no pod address is free on this node');
    },
    /** Marks the address of a pod that was here before as its own again. */
    retake(address: AddressPair): void {
      const last = lastNumber(address);
      taken.add(last);
      if (last >= next) next = last === lastPod ? firstPod : last + 1;
    },
    release(address: AddressPair): void {
      taken.delete(lastNumber(address));
    },
  };
}

function lastNumber({ local }: AddressPair): number {
  return Number(local.slice(local.lastIndexOf('.') + 1));
}
