import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { datasetOf, ownerOf } from '../state/annotations.ts';
import { datasets } from '../state/datasets.ts';
import { statuses } from '../state/job-status.ts';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { Job } from '../views/job-view.ts';
import { listPage, listVersion } from '../views/list-page.ts';

const defaultLimit = 50;

const ListQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: defaultLimit })),
  cursor: Type.Optional(
    Type.String({
      maxLength: 300,
      pattern: '^[A-Za-z0-9_-]+$',
      description: 'The `next_cursor` of the page before; anything else is refused.',
    }),
  ),
  status: Type.Optional(Type.Enum([...statuses])),
  dataset: Type.Optional(Type.Enum([...datasets])),
});
type ListQuery = Static<typeof ListQuery>;

const JobList = Type.Object({
  jobs: Type.Array(Job),
  next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'null on the last page.' }),
});

/** How many pages are kept: many clients ask for the same few again and again. */
const maxPages = 100;

/** `GET /{tier}/jobs`, answered from memory; a page is written once until something changes. */
export function listRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, index, view, reasons, clients } = context;
  const pages = new Map<string, { version: string; bytes: Buffer }>();
  const version = () => listVersion(index, reasons);
  const schema = {
    summary: 'List jobs, newest first',
    tags: ['jobs'],
    querystring: ListQuery,
    response: answers({ 200: JobList }, 'invalid_request', 'unauthorized', 'cluster_unavailable'),
  };

  function writePage(client: string, { limit = defaultLimit, cursor, status, dataset }: ListQuery): Buffer {
    const page = listPage(index, view, {
      limit,
      cursor,
      matches: ({ job, state }) =>
        (status === undefined || state.status === status) &&
        (dataset === undefined || datasetOf(job) === dataset) &&
        clients.owns(client, ownerOf(job)),
    });
    return Buffer.from(page);
  }

  // Pages poll it: no line in the log for each success.
  app.get<{ Querystring: ListQuery }>(`/${tier.name}/jobs`, { schema, logLevel: 'warn' }, async (request, reply) => {
    const client = clients.identify(request);
    requireFresh(context);
    reply.type('application/json; charset=utf-8');
    const { limit, cursor, status, dataset } = request.query;
    const key = JSON.stringify([client, limit, cursor, status, dataset]);
    const kept = pages.get(key);
    if (kept?.version === version()) return kept.bytes;
    const bytes = writePage(client, request.query);
    if (pages.size >= maxPages) pages.clear();
    pages.set(key, { version: version(), bytes });
    return bytes;
  });
}
