// Whether the disk that pods write to is nearly full. While it is, Kubernetes places no new pods on the node.
import { statfsSync } from 'node:fs';

/** What a file system has, in bytes and inodes; 0 inodes where it does not count them. */
export interface DiskSpace {
  bytes: number;
  availableBytes: number;
  inodes: number;
  freeInodes: number;
}

/**
 * kubelet's default thresholds, `nodefs.available<10%` and `nodefs.inodesFree<5%`. They are meant for disks of nodes; a
 * tenth of a user's large disk is room enough, so each has an upper bound too.
 */
const leastAvailable = { share: 0.1, atMostBytes: 2 * 1024 ** 3 };
const leastInodes = { share: 0.05, atMost: 100_000 };

/** Reads what the file system of a folder has. @throws Error when the folder is gone */
export function readDiskSpace(folder: string): DiskSpace {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(folder);
  return { bytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, freeInodes: ffree };
}

/** Says what the disk lacks, and how to help it; undefined when it lacks nothing. */
export function findDiskPressure({ bytes, availableBytes, inodes, freeInodes }: DiskSpace): string | undefined {
  const neededBytes = Math.min(bytes * leastAvailable.share, leastAvailable.atMostBytes);
  if (availableBytes < neededBytes) {
    return `${mebibytes(availableBytes)} MiB are available on the disk, and ${mebibytes(neededBytes)} MiB are needed: make room`;
  }
  const neededInodes = Math.min(inodes * leastInodes.share, leastInodes.atMost);
  if (freeInodes < neededInodes) {
    return `${freeInodes} inodes are free on the disk, and ${Math.ceil(neededInodes)} are needed: remove files`;
  }
  return undefined;
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}
