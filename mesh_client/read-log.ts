/** Reads a log to its end, through lost connections. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { isBrokenStream } from './follow-job.ts';
import { pathOf } from './job-id.ts';
import type { MeshApi } from './mesh-api.ts';
import { createPrintedLog, OtherLogError } from './printed-log.ts';

export interface LogOptions {
  /** Whether to go on until the job ends; a log that is not followed is as long as it is. */
  follow: boolean;
  /** Only so many of the last lines. */
  tail?: string | undefined;
  /** A followed log that says nothing for so long is asked for anew, as its connection may be dead. */
  silenceMs?: number;
  /** Called when what was given so far belongs to another log than what will be given from now on, from its beginning. */
  onOtherLog?: () => void;
}

const answerSilenceMs = 20_000;

/**
 * Gives a job's log. The service ends it in good order only when it is complete; after any other end it is read again, and
 * only what is new is given. Where the job began anew meanwhile, its log is another one: that is given whole.
 *
 * @throws CommandError when the service stays away, or there is no such log (any more)
 */
export async function* readLog(
  api: MeshApi,
  id: string,
  { follow, tail, silenceMs = 60_000, onOtherLog = () => undefined }: LogOptions,
): AsyncGenerator<Buffer> {
  const query = { follow: follow ? 'true' : undefined, tail };
  const bodyTimeoutMs = follow ? silenceMs : answerSilenceMs;
  const patience = api.newPatience();
  let printed = createPrintedLog();
  for (;;) {
    try {
      const stream = (await api.stream(`${pathOf(id)}/logs`, { query, bodyTimeoutMs }, patience)) ?? Readable.from([]);
      // The last lines of a log that grows are others each time, so that they are given all at once or not at all.
      const chunks = tail === undefined ? printed.restOf(stream) : [await buffer(stream)];
      for await (const fresh of chunks) {
        patience.reset();
        yield fresh;
      }
      return;
    } catch (error) {
      if (error instanceof OtherLogError) {
        printed = createPrintedLog();
        onOtherLog();
      } else if (!isBrokenStream(error)) throw error;
      // A job that prints nothing for a while is no fault: the service had answered.
      else if (follow && (error as { code?: string }).code === 'UND_ERR_BODY_TIMEOUT') patience.reset();
      else if (!(await patience.wait())) throw api.unreachable(error);
    }
  }
}
