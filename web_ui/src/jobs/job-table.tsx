import { memo } from 'react';
import { Link } from 'wouter';
import { go } from '../shell/hash-location.ts';
import { accuracyOf, describeStatus, formatDuration, quietMs, runtimeMs } from './job-text.ts';
import { hasEnded, type Job } from './tier-state.ts';
import { useNow } from './use-now.ts';

interface JobTableProps {
  jobs: Job[];
  selected: string | undefined;
  mine: ReadonlySet<string>;
  /** When there was last news of a job that runs. */
  newsAt: (job: Job) => number | undefined;
  /** What the links of the rows carry on: the filters. */
  search: string;
}

/** Jobs, one a row. */
export function JobTable({ jobs, selected, mine, newsAt, search }: JobTableProps) {
  return (
    <table className="jobs-table">
      <caption className="visually-hidden">Jobs, newest first</caption>
      <thead>
        <tr>
          <th scope="col">job</th>
          <th scope="col">tier</th>
          <th scope="col" className="wide">
            network
          </th>
          <th scope="col">status</th>
          <th scope="col">accuracy</th>
          <th scope="col" className="wide">
            time
          </th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <Row
            key={job.id}
            job={job}
            isSelected={job.id === selected}
            isMine={mine.has(job.id)}
            newsAt={newsAt(job)}
            search={search}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  job: Job;
  isSelected: boolean;
  isMine: boolean;
  newsAt: number | undefined;
  search: string;
}

/** Drawn again only when there is something new in it. */
const Row = memo(function Row({ job, isSelected, isMine, newsAt, search }: RowProps) {
  const address = `/jobs/${job.tier}/${job.id}${search}`;
  return (
    // The link in it does the same for the keyboard; a click anywhere on the row is for the mouse.
    <tr className={isSelected ? 'selected' : ''} onClick={() => go(address)}>
      <td>
        <Link
          href={address}
          className="mono job-link"
          aria-current={isSelected ? 'true' : undefined}
          title={job.id}
          onClick={(event) => event.stopPropagation()}
        >
          <ShortId id={job.id} />
        </Link>
        {isMine && <span className="yours"> yours</span>}
      </td>
      <td>
        <span className={`tag ${job.tier}`}>{job.tier}</span>
      </td>
      <td className="wide">
        {job.model} · {job.dataset}
        {job.pretrained && ' · pretrained'}
      </td>
      <td className={`status ${job.status}`}>
        {describeStatus(job)}
        {job.status === 'running' && newsAt !== undefined && <Quiet since={newsAt} />}
      </td>
      <td>{accuracyOf(job) ?? '–'}</td>
      <td className="wide">{hasEnded(job) ? formatRuntime(job, 0) : <Runtime job={job} />}</td>
    </tr>
  );
});

/** An id cut at its front, where those of one tier are alike; on a phone further. */
function ShortId({ id }: { id: string }) {
  return (
    <>
      …<span className="wide">{id.slice(-14, -8)}</span>
      {id.slice(-8)}
    </>
  );
}

function formatRuntime(job: Job, now: number): string {
  const ms = runtimeMs(job, now);
  return ms === undefined ? '–' : formatDuration(ms);
}

function Runtime({ job }: { job: Job }) {
  return formatRuntime(job, useNow());
}

/** Says that a job has said nothing for a while, and nothing more than that. */
function Quiet({ since }: { since: number }) {
  const now = useNow();
  if (now - since < quietMs) return null;
  return <span className="quiet-job"> · no news for {formatDuration(now - since)}</span>;
}
