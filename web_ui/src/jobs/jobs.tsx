import './jobs.css';
import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useJson } from '../api/queries.ts';
import { Away, Empty, Loading } from '../parts/states.tsx';
import { JobDetail } from './job-detail.tsx';
import { JobListPanel } from './job-list-panel.tsx';
import { describeStatus } from './job-text.ts';
import { useMine } from './my-jobs.ts';
import { NewJob } from './new-job.tsx';
import { Places } from './places.tsx';
import { TierNotice } from './tier-notice.tsx';
import { hasEnded, type Job, type TierName } from './tier-state.ts';
import { type Tiers, useTiers } from './use-tiers.ts';

/** Start jobs, see who runs and who waits, and watch one learn. */
export function Jobs() {
  const tiers = useTiers();
  const mine = useMine();
  const selected = useSelected();
  const { free, premium } = tiers;
  const isKnown = free.data !== undefined || premium.data !== undefined;
  const isLost = [free, premium].every(({ connection: { state } }) => state === 'away' || state === 'closed');
  return (
    <>
      <TierNotice tier="free" live={free} />
      <TierNotice tier="premium" live={premium} />
      <div className={`columns jobs ${selected ? 'has-selected' : ''}`}>
        <div className="columns">
          <NewJob />
          {free.data ? <Places state={free.data} mine={mine} /> : !isLost && <Loading what="the free tier's line" />}
          {isKnown ? (
            <JobListPanel tiers={tiers} mine={mine} selected={selected?.id} />
          ) : (
            !isLost && <Loading what="jobs" />
          )}
        </div>
        {selected ? <Selected {...selected} tiers={tiers} mine={mine} /> : <NoneSelected tiers={tiers} />}
      </div>
      <EndsOfMine tiers={tiers} mine={mine} />
    </>
  );
}

interface Selection {
  tier: TierName;
  id: string;
}

/** The job that the address names. */
function useSelected(): Selection | undefined {
  const [path] = useLocation();
  const [, tier, id] = /^\/jobs\/([^/]+)\/([\w-]+)$/.exec(path) ?? [];
  const known = tierNames.find((each) => each === tier);
  return known && id ? { tier: known, id } : undefined;
}

function Selected({ tier, id, tiers, mine }: Selection & { tiers: Tiers; mine: ReadonlySet<string> }) {
  const { data, connection } = tiers[tier];
  const known = data?.jobs.get(id);
  if (!data && connection.state === 'connecting') return <Loading what="the job" />;
  if (!known) return <OlderJob key={id} tier={tier} id={id} isMine={mine.has(id)} connection={connection} />;
  return (
    <JobDetail
      key={id}
      job={known}
      isMine={mine.has(id)}
      newsAt={data?.stale ? undefined : data?.newsAt.get(id)}
      connection={connection}
    />
  );
}

type OlderJobProps = Selection & { isMine: boolean; connection: Tiers['free']['connection'] };

/** A job that the stream does not tell of: it is older, or there is none of this name. */
function OlderJob({ tier, id, isMine, connection }: OlderJobProps) {
  const { data, outage } = useJson<Job>(`/${tier}/jobs/${id}`);
  if (data) return <JobDetail job={data} isMine={isMine} newsAt={undefined} connection={connection} />;
  if (!outage) return <Loading what="the job" />;
  if (outage.error.status !== 404) return <Away what="The job" outage={outage} />;
  return (
    <Empty title="There is no such job">
      It was removed, or belongs to somebody else. Finished jobs are kept for a day. Choose another in the list.
    </Empty>
  );
}

function NoneSelected({ tiers: { free, premium } }: { tiers: Tiers }) {
  const hasJobs = [free, premium].some(({ data }) => (data?.jobs.size ?? 0) > 0);
  return hasJobs ? (
    <Empty title="Choose a job">Its loss curve, its accuracy and its log are shown here while it learns.</Empty>
  ) : (
    <Empty title="Nothing has been trained yet">
      Start with a free job on MNIST: its loss curve moves here within seconds, and it takes less than a minute.
    </Empty>
  );
}

/** Says for screen readers when a job of one's own has ended. */
function EndsOfMine({ tiers, mine }: { tiers: Tiers; mine: ReadonlySet<string> }) {
  const before = useRef(new Map<string, Job['status']>());
  const [said, setSaid] = useState('');
  const jobs = [tiers.free, tiers.premium].flatMap(({ data }) => [...(data?.jobs.values() ?? [])]);
  const own = jobs.filter(({ id }) => mine.has(id));
  useEffect(() => {
    for (const job of own) {
      const was = before.current.get(job.id);
      if (was && was !== job.status && hasEnded(job)) setSaid(`Your ${job.tier} job ${describeStatus(job)}.`);
      before.current.set(job.id, job.status);
    }
  });
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}
