// For tests: listens to server-sent events as an EventSource does.
import { onTestFinished } from 'vitest';

export interface ReceivedEvent<T> {
  id: string;
  event: string;
  data: T;
}

/**
 * Listens until the test is over.
 * @returns the events so far, and `done`, which settles with all of them when the other side has ended the stream
 */
export async function listenToEvents<T>(url: string, headers: Record<string, string> = {}) {
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  const answer = await fetch(url, { signal: leave.signal, headers });
  const events: ReceivedEvent<T>[] = [];
  let comments = 0;
  const read = async () => {
    let text = '';
    for await (const chunk of (answer.body ?? new Blob().stream()).pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        if (block.startsWith(':')) comments++;
        else events.push(parse(block));
      }
    }
    return events;
  };
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    events,
    comments: () => comments,
    leave: () => leave.abort(),
    done: read().catch((error: Error) => {
      // The test is over, and nobody listens any more.
      if (error.name !== 'AbortError') throw error;
      return events;
    }),
  };
}

function parse<T>(block: string): ReceivedEvent<T> {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
  return { ...fields, data: JSON.parse(fields.data) };
}
