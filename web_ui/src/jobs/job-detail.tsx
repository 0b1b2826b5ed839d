import { useEffect, useRef } from 'react';
import type { Connection } from '../live/follow-stream.ts';
import { Curve } from '../parts/curve.tsx';
import { Figure, Panel } from '../parts/panel.tsx';
import { JobActions } from './job-actions.tsx';
import { useJobLog, useLossCurve } from './job-log.ts';
import {
  accuracyOf,
  describeStart,
  describeStatus,
  formatDuration,
  formatLoss,
  quietMs,
  runtimeMs,
} from './job-text.ts';
import { LogView } from './log-view.tsx';
import { hasEnded, type Job } from './tier-state.ts';
import { useNow } from './use-now.ts';

interface JobDetailProps {
  job: Job;
  isMine: boolean;
  /** When there was last news of it, if it runs. */
  newsAt: number | undefined;
  connection: Connection;
}

/** One job: where it is, its curve, its log, and what can be done with it. */
export function JobDetail({ job, isMine, newsAt, connection }: JobDetailProps) {
  const log = useJobLog(job);
  const points = useLossCurve(job, log.text);
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another job is brought into view
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
  }, [job.id]);
  return (
    <div ref={place} className="job-detail">
      <Panel title={<span className="mono">{job.id}</span>}>
        <p className="soft job-what">
          <span className={`tag ${job.tier}`}>{job.tier}</span> {job.model} · {job.dataset} · {describeWork(job)}
          {isMine && <span className="yours"> · yours</span>}
        </p>
        <div className="figures" aria-live="off">
          <Main job={job} />
          <Elapsed job={job} />
        </div>
        <Explanation job={job} newsAt={connection.state === 'live' ? newsAt : undefined} />
        {!job.pretrained && job.status !== 'queued' && (
          <Curve label="loss" points={points} colour={`--${job.tier}`} epochs={job.epochs ?? 1} />
        )}
        <LogView log={log} job={job} />
        <JobActions job={job} log={log.text} />
      </Panel>
    </div>
  );
}

function describeWork({ pretrained, epochs }: Job): string {
  if (pretrained) return 'evaluates the trained network';
  return epochs === 1 ? '1 epoch' : `${epochs ?? '?'} epochs`;
}

/** The figure that matters now: the accuracy, the loss, or the place in line. */
function Main({ job }: { job: Job }) {
  const { progress, queue_position: position, result } = job;
  const accuracy = accuracyOf(job);
  if (accuracy && result)
    return <Figure value={accuracy}>of {result.test_images.toLocaleString('en')} test images</Figure>;
  if (progress)
    return (
      <Figure value={formatLoss(progress.loss)}>
        loss, epoch {progress.epoch} of {progress.epochs}
      </Figure>
    );
  if (position !== null) return <Figure value={position}>in line</Figure>;
  return <Figure value="–">{job.pretrained || hasEnded(job) ? 'accuracy' : 'loss'}</Figure>;
}

function Elapsed({ job }: { job: Job }) {
  const now = useNow();
  const ms = runtimeMs(job, now);
  const status = <span className={`status ${job.status}`}>{describeStatus(job)}</span>;
  return <Figure value={ms === undefined ? '–' : formatDuration(ms)}>{status}</Figure>;
}

/** Why it waits, why it failed, or that nothing was heard of it. */
function Explanation({ job, newsAt }: { job: Job; newsAt: number | undefined }) {
  const now = useNow();
  const { status, error, waiting_reason: reason } = job;
  if (error) return <p className="notice bad">{error.message}</p>;
  if (status === 'queued' || status === 'starting') {
    const start = describeStart(job, now);
    const text = [reason?.message, start && `Starts ${start}.`].filter(Boolean).join(' ');
    return text ? <p className="soft num">{text}</p> : null;
  }
  const isQuiet = status === 'running' && newsAt !== undefined && now - newsAt >= quietMs;
  return isQuiet ? (
    <p className="quiet-job num">No news for {formatDuration(now - newsAt)}. It may still run.</p>
  ) : null;
}
