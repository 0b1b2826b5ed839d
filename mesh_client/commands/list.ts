import { statuses } from '@ml-job-mesh/tier-service/state/job-status.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { anyOf } from '../any-of.ts';
import type { Command } from '../command.ts';
import { datasetNames } from '../datasets.ts';
import { exitCodes, usageError } from '../exit-codes.ts';
import { tiersFor } from '../job-id.ts';
import { ageOf, describeJob } from '../job-text.ts';
import type { MeshApi } from '../mesh-api.ts';
import { alignRows } from '../terminal.ts';
import { tierOption } from './tier-option.ts';

interface Page {
  jobs: Job[];
  next_cursor: string | null;
}

const defaultLimit = 20;
const pageLimit = 500;

/** `mesh list`: jobs, newest first. */
export const list: Command = {
  name: 'list',
  summary: 'list jobs, newest first',
  wordCount: { least: 0, most: 0 },
  options: {
    tier: tierOption,
    status: {
      type: 'string',
      value: 'STATUS',
      choices: statuses,
      help: `only those that are ${anyOf(statuses)}`,
    },
    dataset: { type: 'string', value: 'DATASET', choices: datasetNames, help: `only those of ${anyOf(datasetNames)}` },
    limit: { type: 'string', value: 'N', help: `at most so many; ${defaultLimit} if left out` },
    all: { type: 'boolean', help: 'all of them' },
  },

  async run({ api, terminal, json, options }) {
    const most = options.all ? Number.POSITIVE_INFINITY : readLimit(options.limit);
    const filters = { status: options.status as string | undefined, dataset: options.dataset as string | undefined };
    const found = await Promise.all(
      tiersFor(options.tier as string | undefined).map((tier) => readJobs(api, tier, filters, most)),
    );
    const newestFirst = found.flat().sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
    const jobs = newestFirst.slice(0, most);
    terminal.stdout.write(json ? `${JSON.stringify(jobs)}\n` : jobsTable(jobs));
    return exitCodes.ok;
  },
};

function readLimit(text: string | boolean | undefined): number {
  if (text === undefined) return defaultLimit;
  if (!/^[1-9]\d{0,8}$/.test(String(text))) throw usageError(`--limit is "${text}"; it has to be a number from 1`);
  return Number(text);
}

async function readJobs(api: MeshApi, tier: string, filters: object, most: number): Promise<Job[]> {
  const jobs: Job[] = [];
  let cursor: string | undefined;
  do {
    const limit = String(Math.min(pageLimit, most - jobs.length));
    const page = await api.json<Page>('GET', `/${tier}/jobs`, { query: { ...filters, limit, cursor } });
    jobs.push(...page.jobs);
    cursor = page.next_cursor ?? undefined;
  } while (cursor && jobs.length < most);
  return jobs;
}

function jobsTable(jobs: Job[]): string {
  if (jobs.length === 0) return 'no jobs\n';
  const now = Date.now();
  const rows = jobs.map((job) => [job.id, job.dataset, ageOf(job.created_at, now), describeJob(job)]);
  return alignRows([['ID', 'DATASET', 'AGE', 'STATUS'], ...rows]);
}
