// The events of all jobs of a tier, for everybody who reads them. What changes is gathered for a moment, and written once
// for all readers, or where clients see only their own jobs, once for each client.
import { createEventReaders, eventBytes, type ServiceError } from '@ml-job-mesh/http-service';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { ownerOf } from '../state/annotations.ts';
import type { Job } from './job-view.ts';
import { jsonOf } from './list-page.ts';
import { listSnapshot, waitingInSight } from './list-snapshot.ts';
import type { Queue } from './queue-view.ts';

export interface ListFeedOptions {
  index: JobIndex;
  view: (record: JobRecord) => Job;
  queue: () => Queue;
  /** Grows with everything that a snapshot shows. */
  version: () => string;
  clients: { areApart: boolean; owns(client: string, owner: string | undefined): boolean };
  /** What a read would be answered while the memory may be out of date. */
  staleness: () => ServiceError | undefined;
  /** How often changes are told at most, in milliseconds. */
  changesMs?: number | undefined;
  /** How often places in the line are told at most: they change for everyone whenever one job starts. */
  positionMs?: number | undefined;
  heartbeatMs?: number | undefined;
}

export type ListFeed = ReturnType<typeof createListFeed>;

/** More changes at once than this cost more than the whole list does. */
const mostChanges = 400;
/** An estimate that moves by less is no news, in milliseconds. */
const estimateStepMs = 5_000;

/** Starts with no readers. */
export function createListFeed(options: ListFeedOptions) {
  const { index, view, queue, version, clients, staleness } = options;
  const { changesMs = 250, positionMs = 1_000, heartbeatMs } = options;
  const snapshots = new Map<string, { version: string; bytes: Buffer }>();
  const changed = new Set<JobRecord>();
  const removed = new Set<JobRecord>();
  /** What was last told of the wait of each job that is in sight. */
  let waits = new Map<JobRecord, string>();
  let toldQueue = '';
  let isStale = false;
  const readers = createEventReaders({ snapshotFor, heartbeatMs });

  function snapshotFor(client: string): Buffer {
    const present = version();
    const kept = snapshots.get(client);
    if (kept?.version === present) return kept.bytes;
    const jobs = listSnapshot(index, ({ job }) => clients.owns(client, ownerOf(job)));
    const json = `{"jobs":[${jobs.map((record) => jsonOf(record, view)).join(',')}],"queue":${JSON.stringify(queue())}}`;
    const bytes = eventBytes('jobs', json);
    snapshots.set(client, { version: present, bytes });
    return bytes;
  }

  /** Forgets what was written of what is no more. */
  function forgetSnapshots(): void {
    const present = version();
    for (const [client, snapshot] of snapshots) if (snapshot.version !== present) snapshots.delete(client);
  }

  /** Sends each group of records to those who may see them, as one piece. */
  function tell(records: Iterable<JobRecord>, write: (own: JobRecord[]) => Buffer): void {
    const groups = new Map<string, JobRecord[]>();
    for (const record of records) {
      const owner = clients.areApart ? (ownerOf(record.job) ?? '') : '';
      const group = groups.get(owner) ?? [];
      group.push(record);
      groups.set(owner, group);
    }
    for (const [owner, own] of groups) readers.send(write(own), (client) => client === owner);
  }

  function forget(): void {
    changed.clear();
    removed.clear();
  }

  function tellChanges(): void {
    const present = JSON.stringify(queue());
    tell(removed, (own) => Buffer.concat(own.map(({ id }) => eventBytes('removed', JSON.stringify({ id })))));
    tell(changed, (own) => Buffer.concat(own.map((record) => eventBytes('job', jsonOf(record, view)))));
    forget();
    if (present !== toldQueue) readers.send(eventBytes('queue', present));
    toldQueue = present;
  }

  /** Tells the places that have changed. */
  function tellPlaces(): void {
    const before = waits;
    waits = new Map();
    for (const record of waitingInSight(index)) waits.set(record, waitOf(view(record)));
    const moved = [...waits].filter(([record, wait]) => before.get(record) !== wait);
    tell(
      moved.map(([record]) => record),
      (own) => eventBytes('waiting', JSON.stringify({ jobs: own.map((record) => placeOf(view(record))) })),
    );
  }

  /** Nothing is told that may be wrong; when it is right again, everybody is told everything. */
  function tellFreshness(): void {
    const stale = staleness();
    if (stale && !isStale) readers.send(eventBytes('stale', JSON.stringify(stale.toProblem())));
    if (!stale && isStale) readers.sendSnapshots();
    isStale = stale !== undefined;
  }

  const stopListening = index.onChange((record, change) => {
    if (readers.size() === 0) return;
    changed.delete(record);
    if (change === 'removed') removed.add(record);
    else changed.add(record);
  });
  const stops = [
    stopListening,
    every(changesMs, () => {
      if (readers.size() === 0) return forget();
      tellFreshness();
      if (changed.size + removed.size > mostChanges) {
        forget();
        readers.sendSnapshots();
      } else tellChanges();
    }),
    every(positionMs, () => {
      if (readers.size() > 0) tellPlaces();
      forgetSnapshots();
    }),
  ];

  return {
    /** Those who are told. */
    readers,
    /** Ends the streams, and all that is done for them. */
    close(): void {
      for (const stop of stops) stop();
      readers.close();
    },
  };
}

function every(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms);
  return () => clearInterval(timer);
}

const placeOf = ({ id, queue_position, estimated_start_at, waiting_reason }: Job) => ({
  id,
  queue_position,
  estimated_start_at,
  waiting_reason,
});

/** What counts as a change of a job's wait. */
function waitOf({ queue_position, estimated_start_at, waiting_reason }: Job): string {
  const start = estimated_start_at && Math.round(Date.parse(estimated_start_at) / estimateStepMs);
  return `${queue_position} ${start} ${waiting_reason?.code}`;
}
