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

/** What stands for a pod's announced address on this machine. */
export function toLocalAddress(announced: string): string {
  return announced.replace(/^10\./, '127.');
}

export type AddressPool = ReturnType<typeof createAddressPool>;

/** The pair that a pod reported, from the address that the API has of it. */
export function pairOfAnnounced(announced: string): AddressPair {
  return { announced, local: toLocalAddress(announced) };
}

/** Stands for whoever had an address before this agent came, until that one asks for it. */
const reserved = '';

/**
 * The pod addresses of one node, each with its owner. An address that was given back is used again as late as possible,
 * because whoever talked to its last owner may remember it for some seconds.
 */
export function createAddressPool(octet: number, nodeNumber: number) {
  const owners = new Map<string, string>();
  let next = firstPod;

  const pass = (last: number) => {
    next = last === lastPod ? firstPod : last + 1;
  };
  const isOurs = ({ local }: AddressPair) => local.startsWith(`127.${octet}.${nodeNumber}.`);

  return {
    /** Gives a free address. @throws Error when all 253 are in use */
    allocate(owner: string): AddressPair {
      for (let tries = firstPod; tries <= lastPod; tries++) {
        const candidate = addressPair(octet, nodeNumber, next);
        pass(next);
        if (owners.has(candidate.local)) continue;
        owners.set(candidate.local, owner);
        return candidate;
      }
      throw new Error('no pod address is free on this node');
    },

    /** Keeps the address of a pod that was here before from being given to another one. */
    reserve(address: AddressPair): void {
      if (!isOurs(address)) return;
      const last = lastNumber(address);
      owners.set(address.local, reserved);
      if (last >= next) pass(last);
    },

    /**
     * Gives a pod the address that it had before; false when another one has it by now, or when it is of another range, as
     * before the cluster moved: it may be another cluster's.
     */
    retake(owner: string, address: AddressPair): boolean {
      if (!isOurs(address)) return false;
      const current = owners.get(address.local) ?? reserved;
      if (current !== reserved && current !== owner) return false;
      this.reserve(address);
      owners.set(address.local, owner);
      return true;
    },

    /** Takes an address back, unless another pod has it: one that ended long ago may still have it on record. */
    release(owner: string, { local }: AddressPair): void {
      const current = owners.get(local);
      if (current === owner || current === reserved) owners.delete(local);
    },
  };
}

function lastNumber({ local }: AddressPair): number {
  return Number(local.slice(local.lastIndexOf('.') + 1));
}
