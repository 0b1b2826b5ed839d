/** Reads a log to its end, through lost connections. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { isBrokenStream } from './follow-job.ts';
import { pathOf } from './job-id.ts';
import type { MeshApi } from './mesh-api.ts';

export interface LogOptions {
  /** Whether to go on until the job ends; a log that is not followed is as long as it is. */
  follow: boolean;
  /** Only so many of the last lines. */
  tail?: string | undefined;
  /** A followed log that says nothing for so long is asked for anew, as its connection may be dead. */
  silenceMs?: number;
}

const answerSilenceMs = 20_000;

/**
 * Gives a job's log. The service ends it in good order only when it is complete; after any other end it is read again, and
 * what was given is passed over: a log only grows.
 *
 * @throws CommandError when the service stays away, or there is no such log (any more)
 */
export async function* readLog(
  api: MeshApi,
  id: string,
  { follow, tail, silenceMs = 60_000 }: LogOptions,
): AsyncGenerator<Buffer> {
  const query = { follow: follow ? 'true' : undefined, tail };
  const bodyTimeoutMs = follow ? silenceMs : answerSilenceMs;
  const patience = api.newPatience();
  let given = 0;
  for (;;) {
    try {
      const stream = await api.stream(`${pathOf(id)}/logs`, { query, bodyTimeoutMs }, patience);
      // The last lines of a log that grows are others each time, so that they are given all at once or not at all.
      const chunks = tail === undefined ? skip(stream, given) : [stream ? await buffer(stream) : Buffer.alloc(0)];
      for await (const fresh of chunks) {
        given += fresh.length;
        patience.reset();
        yield fresh;
      }
      return;
    } catch (error) {
      if (!isBrokenStream(error)) throw error;
      // A job that prints nothing for a while is no fault: the service had answered.
      if (follow && (error as { code?: string }).code === 'UND_ERR_BODY_TIMEOUT') patience.reset();
      else if (!(await patience.wait())) throw api.unreachable(error);
    }
  }
}

/** A stream without its first bytes. */
async function* skip(stream: Readable | undefined, bytes: number): AsyncGenerator<Buffer> {
  let offset = 0;
  for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) {
    const fresh = chunk.subarray(Math.max(0, bytes - offset));
    offset += chunk.length;
    if (fresh.length > 0) yield fresh;
  }
}
