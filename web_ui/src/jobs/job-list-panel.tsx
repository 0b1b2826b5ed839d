import { formatCount } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { sentence } from '../parts/states.tsx';
import { setHashParams, useHashParams } from '../shell/hash-location.ts';
import { JobFilters } from './job-filters.tsx';
import { isFiltered, listJobs, pageOf, readFilters } from './job-list.ts';
import { JobTable } from './job-table.tsx';
import { type OlderJobs, useOlderJobs } from './older-jobs.ts';
import type { Job } from './tier-state.ts';
import type { Tiers } from './use-tiers.ts';

/** So many rows are drawn, however many jobs there are. */
const pageSize = 25;

interface JobListPanelProps {
  tiers: Tiers;
  mine: ReadonlySet<string>;
  selected: string | undefined;
}

/** The jobs of both tiers, newest first, a page at a time. */
export function JobListPanel({ tiers, mine, selected }: JobListPanelProps) {
  const params = useHashParams();
  const filters = readFilters(params);
  const { free, premium } = tiers;
  const older = [
    useOlderJobs('free', free.data?.jobs.size ?? 0, free.data?.generation ?? 0),
    useOlderJobs('premium', premium.data?.jobs.size ?? 0, premium.data?.generation ?? 0),
  ];
  const live = [free, premium].map(({ data }) => data?.jobs.values() ?? []);
  const jobs = listJobs([...live, ...older.map(({ jobs }) => jobs)], filters, (id) => mine.has(id));
  const page = pageOf(jobs, Number(params.get('page') ?? 1), pageSize);
  const search = params.size > 0 ? `?${params}` : '';
  const newsAt = (job: Job) => {
    const { data, connection } = tiers[job.tier];
    return connection.state === 'live' && !data?.stale ? data?.newsAt.get(job.id) : undefined;
  };
  return (
    <Panel title="Jobs" className="job-list">
      <JobFilters filters={filters} hasMine={mine.size > 0} />
      {page.total === 0 ? (
        <p className="soft none">{explainNone(isFiltered(filters))}</p>
      ) : (
        <JobTable jobs={page.items} selected={selected} mine={mine} newsAt={newsAt} search={search} />
      )}
      <Pager page={page} older={older.filter(({ hasMore, isLoading, error }) => hasMore || isLoading || error)} />
    </Panel>
  );
}

function explainNone(isFiltered: boolean): string {
  if (isFiltered) return 'No job passes these filters.';
  return 'There are no jobs yet. Choose a tier and a dataset above, and start training.';
}

interface PagerProps {
  page: { number: number; pages: number; first: number; items: Job[]; total: number };
  /** The tiers that have, or may have, older jobs. */
  older: OlderJobs[];
}

function Pager({ page: { number, pages, first, items, total }, older }: PagerProps) {
  if (pages === 1 && older.length === 0) return null;
  const go = (to: number) => setHashParams({ page: to === 1 ? undefined : String(to) });
  const isLoading = older.some((each) => each.isLoading);
  const error = older.find((each) => each.error)?.error;
  return (
    <nav className="pager num" aria-label="Pages of jobs">
      <button type="button" onClick={() => go(number - 1)} disabled={number === 1}>
        Newer
      </button>
      <span className="soft" role="status">
        {formatCount(first)} to {formatCount(first + items.length - 1)} of {formatCount(total)}
      </span>
      {number < pages || older.length === 0 ? (
        <button type="button" onClick={() => go(number + 1)} disabled={number === pages}>
          Older
        </button>
      ) : (
        <button type="button" onClick={() => older.forEach(({ load }) => void load())} disabled={isLoading}>
          {isLoading ? 'Loading…' : 'Load older jobs'}
        </button>
      )}
      {error && <span className="notice bad">{sentence(error)}</span>}
    </nav>
  );
}
