// How much memory each node has: an equal part of what the machine, or the container around all of this, may use.
import os from 'node:os';

const nodes = 2;

/**
 * What the control plane, the agents and the supervisor need: 0.8 GiB at rest, measured, and something for bursts.
 */
const reservedBytes = 1024 ** 3;

/** Bytes of one node: all, and what pods may have of it. */
export interface NodeMemory {
  capacity: number;
  allocatable: number;
}

/** @param limit of the control group that this runs in; 0 or more than the machine has where there is none */
export function divideMemory(machine: number, limit: number): NodeMemory {
  const usable = limit > 0 ? Math.min(machine, limit) : machine;
  return {
    capacity: Math.floor(usable / nodes),
    allocatable: Math.floor(Math.max(0, usable - reservedBytes) / nodes),
  };
}

/** What one node of this machine has. */
export function readNodeMemory(): NodeMemory {
  return divideMemory(os.totalmem(), process.constrainedMemory());
}
