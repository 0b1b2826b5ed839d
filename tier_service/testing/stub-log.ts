// The log of a pod in the stub API server: it grows, ends, and breaks in the ways that the real one does.
import type { ServerResponse } from 'node:http';

export type StubLog = ReturnType<typeof createStubLog>;

/** Starts with an empty log, whose container runs. */
export function createStubLog() {
  let text = '';
  let hasEnded = false;
  let isMute = false;
  const followers = new Set<ServerResponse>();
  const served = { followed: 0, whole: 0, most: 0 };

  function add(more: string): void {
    text += more;
    if (!isMute) for (const follower of followers) follower.write(more);
  }

  return {
    /** How often it was followed, how often read as it was, and how many followed it at the same time. */
    served,
    followers: () => followers.size,
    add,
    /** Adds this with nobody told, as when a connection has died. */
    addUnheard(more: string): void {
      text += more;
    },
    /** The container has ended. */
    end(): void {
      hasEnded = true;
      if (!isMute) for (const follower of followers) follower.end();
    },
    /** Cuts those who follow, as an API server does that is killed. */
    cut(): void {
      for (const follower of followers) follower.destroy();
    },
    /** Ends the answers of those who follow in good order, as an API server does when the node behind it breaks off. */
    endEarly(): void {
      for (const follower of followers) follower.end();
    },
    /** Answers, and then says nothing, and does not end. */
    mute(): void {
      isMute = true;
    },
    serve(query: URLSearchParams, response: ServerResponse): void {
      response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders();
      if (isMute) return;
      const lines = text.split(/(?<=\n)/);
      response.write(lines.slice(-Number(query.get('tailLines') ?? lines.length)).join(''));
      if (query.get('follow') !== 'true') {
        served.whole++;
        response.end();
        return;
      }
      served.followed++;
      if (hasEnded) {
        response.end();
        return;
      }
      followers.add(response);
      served.most = Math.max(served.most, followers.size);
      response.once('close', () => followers.delete(response));
    },
  };
}
