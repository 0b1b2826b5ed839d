import { Link } from 'wouter';
import { formatCount, shortId } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { placedJobs, waitingLine } from './job-list.ts';
import { describeProgress, describeStart, fractionDone } from './job-text.ts';
import type { Job, TierState } from './tier-state.ts';
import { useNow } from './use-now.ts';

/** More of those that wait than this are counted, not shown; one's own always are. */
const mostShown = 12;

/** Who has the free tier's places, and who waits for them, since when and why. */
export function Places({ state, mine }: { state: TierState; mine: ReadonlySet<string> }) {
  const { jobs, queue } = state;
  const placed = placedJobs(jobs.values());
  const limit = queue.limit ?? placed.length;
  const places = Array.from({ length: Math.max(limit, placed.length) }, (_, index) => placed[index]);
  // With API keys on, other clients' jobs are not told of; that they take places is.
  const others = Math.max(0, queue.running - placed.length);
  return (
    <Panel title={`Free tier: ${limit} ${limit === 1 ? 'place' : 'places'}`}>
      <ol className="places">
        {places.map((job, index) => (
          <Place
            // biome-ignore lint/suspicious/noArrayIndexKey: a place is its number
            key={index}
            job={job}
            isMine={job !== undefined && mine.has(job.id)}
            isTaken={!job && index < placed.length + others}
          />
        ))}
      </ol>
      <Line state={state} mine={mine} />
    </Panel>
  );
}

function Place({ job, isMine, isTaken }: { job: Job | undefined; isMine: boolean; isTaken: boolean }) {
  if (!job) {
    return (
      <li className="place empty">
        <div className="quiet">{isTaken ? 'taken by another client' : 'empty'}</div>
      </li>
    );
  }
  const done = fractionDone(job);
  return (
    <li className={`place ${job.tier}`}>
      <div className="place-head">
        <Link href={`/jobs/${job.tier}/${job.id}`} className="mono">
          {shortId(job.id)}
        </Link>
        {isMine && <span className="tag mine">yours</span>}
      </div>
      <div className="soft num">{describeProgress(job)}</div>
      <progress value={done ?? 0} aria-label="How much of it is done" />
    </li>
  );
}

/** The line: each with its number, and when it will probably start. */
function Line({ state: { jobs, queue }, mine }: { state: TierState; mine: ReadonlySet<string> }) {
  const now = useNow();
  const line = waitingLine(jobs.values());
  const shown = line.filter((job, index) => index < mostShown || mine.has(job.id));
  const hidden = Math.max(queue.waiting, line.length) - shown.length;
  if (line.length === 0 && queue.waiting === 0) {
    const waits = queue.recent_waits_seconds;
    return (
      <p className="soft line-note num">
        Nobody waits. {waits.length > 0 && `The last jobs waited ${describeWaits(waits)}.`}
      </p>
    );
  }
  const next = line[0] && describeStart(line[0], now);
  return (
    <>
      <div className="line">
        <span className="soft" id="line-title">
          Waiting
        </span>
        <ol aria-labelledby="line-title">
          {shown.map((job) => (
            <Chip key={job.id} job={job} isMine={mine.has(job.id)} now={now} />
          ))}
        </ol>
        {hidden > 0 && <span className="soft num">… and {formatCount(hidden)} more</span>}
      </div>
      <p className="soft line-note num">
        {queue.waiting_reason?.message} {next && `Next place ${next}.`}
      </p>
    </>
  );
}

function Chip({ job, isMine, now }: { job: Job; isMine: boolean; now: number }) {
  const start = describeStart(job, now);
  return (
    <li>
      <Link
        href={`/jobs/${job.tier}/${job.id}`}
        className={`chip num ${isMine ? 'mine' : ''}`}
        title={job.waiting_reason?.message}
        aria-label={`Number ${job.queue_position}${isMine ? ', yours' : ''}${start ? `, starts ${start}` : ''}`}
      >
        {job.queue_position}
        {isMine && ' yours'}
        {start && <span className="chip-start">{start.replace(/^in about /, '~')}</span>}
      </Link>
    </li>
  );
}

function describeWaits(seconds: number[]): string {
  const sorted = seconds.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  return middle < 1 ? 'less than a second' : `about ${Math.round(middle)} s`;
}
