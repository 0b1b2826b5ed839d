import { answers } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { requireFresh, type TierContext } from '../tier-context.ts';
import { redirectToPlainSpelling } from './plain-spelling.ts';

/** One of the events. OpenAPI 3.1 has no word for a stream of them, and tools take the schema for that of each. */
const Event = Type.Object({
  event: Type.Enum(['jobs', 'job', 'removed', 'waiting', 'queue', 'stale']),
  data: Type.String({ contentMediaType: 'application/json', description: 'As the description says, by event.' }),
});

const description = `Server-sent events, until the client leaves. The first is \`jobs\`; the others follow as it happens, a few times a second at most.

| event | data |
| --- | --- |
| \`jobs\` | \`{"jobs":[…],"queue":{…}}\`: the newest 200 jobs and, of those that run or wait, the 200 that are furthest ahead, newest first; and the queue. It replaces all that was told before, and may come again at any time |
| \`job\` | a job, new or changed |
| \`removed\` | \`{"id"}\`: a job that is gone |
| \`waiting\` | \`{"jobs":[{"id","queue_position","estimated_start_at","waiting_reason"},…]}\`: what has changed for jobs that wait |
| \`queue\` | the queue, when it has changed |
| \`stale\` | a problem: what follows may be late, until the next \`jobs\` |

With API keys on, a client sees its own jobs only. There are no ids: whoever comes back begins with \`jobs\`, on any replica.`;

/** `GET /{tier}/events`: every job of the tier, as it changes. */
export function listEventRoutes(app: FastifyInstance, context: TierContext): void {
  const { tier, clients, listReaders } = context;
  const path = `/${tier.name}/events`;
  const schema = {
    summary: 'The events of all jobs, as they happen',
    description,
    tags: ['jobs'],
    response: answers(
      { 200: { description: 'The events.', content: { 'text/event-stream': { schema: Event } } } },
      'unauthorized',
      'too_many_streams',
      'cluster_unavailable',
    ),
  };
  app.get(path, { schema }, async (request, reply) => {
    if (redirectToPlainSpelling(request, reply, path)) return reply;
    const client = clients.identify(request);
    requireFresh(context);
    return listReaders.open(request, reply, client);
  });
}
