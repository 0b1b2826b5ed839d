// Clients that go on asking at a constant rate, whatever the answers are, and remember what they got.
import { Agent, request } from 'node:http';

/** One request, as it was answered. */
export interface Answer {
  /** When it was sent, in milliseconds of `performance.now()`. */
  sentAt: number;
  ms: number;
  /** Undefined where the connection failed before a status came. */
  status: number | undefined;
  /** What went wrong; undefined where nothing did. */
  fault: string | undefined;
  body: string;
}

export interface LoadOptions {
  url: string;
  perSecond: number;
  method?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  /** Whether each request has a connection of its own, as curl has; else four are kept and used in turn. */
  newConnections?: boolean;
  onAnswer?: (answer: Answer) => void;
}

export interface Load {
  /** How many requests are under way. */
  underWay(): number;
  /** Sends no more, and waits for what is under way. Gives all answers. */
  stop(): Promise<Answer[]>;
}

/** Begins to send. An answer counts as a fault unless its status is 200. */
export function startLoad({ url, perSecond, newConnections = false, onAnswer, ...call }: LoadOptions): Load {
  // Each kept connection is used again and again, so that none lies idle until its server closes it.
  const agent = newConnections ? false : new Agent({ keepAlive: true, maxSockets: 4, scheduling: 'fifo' });
  const answers: Answer[] = [];
  const sent = new Set<Promise<void>>();
  const one = async () => {
    const answer = await send(url, { ...call, agent });
    answers.push(answer);
    onAnswer?.(answer);
  };
  const timer = setInterval(() => {
    const sending = one().finally(() => sent.delete(sending));
    sent.add(sending);
  }, 1_000 / perSecond);
  return {
    underWay: () => sent.size,
    async stop() {
      clearInterval(timer);
      await Promise.all(sent);
      if (agent) agent.destroy();
      return answers;
    },
  };
}

/** Sends one request; never rejects. */
export function send(
  url: string,
  { method = 'GET', body, headers = {}, agent }: Omit<LoadOptions, 'url' | 'perSecond'> & { agent: Agent | false },
): Promise<Answer> {
  const sentAt = performance.now();
  const describe = (status: number | undefined, text: string, error?: NodeJS.ErrnoException): Answer => {
    const what = error ? (error.code ?? error.message) : status === 200 ? undefined : `${status} ${text}`;
    const ms = performance.now() - sentAt;
    return { sentAt, ms, status, fault: what && `${method} ${url}: ${what}`, body: text };
  };
  return new Promise((resolve) => {
    const call = request(url, { method, agent, headers });
    call.once('error', (error) => resolve(describe(undefined, '', error)));
    call.once('response', async (response) => {
      let text = '';
      try {
        for await (const chunk of response) text += chunk;
        resolve(describe(response.statusCode, text));
      } catch (error) {
        resolve(describe(response.statusCode, text, error as Error));
      }
    });
    call.end(body);
  });
}

/** What went wrong, of each kind how often. */
export function faultsOf(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { fault } of answers) if (fault) counts[fault] = (counts[fault] ?? 0) + 1;
  return counts;
}
