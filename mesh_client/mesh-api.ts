/** The HTTP interface of the mesh: requests that may be repeated are repeated, and every failure is a `CommandError`. */
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { CommandError, exitCodes } from './exit-codes.ts';
import { createPatience, type Patience } from './patience.ts';

export interface MeshApiOptions {
  /** Where the front proxy is. */
  url: string;
  apiKey: string | undefined;
  /** For how long a service that is away, or overloaded, is tried again. */
  retryForMs: number;
  signal: AbortSignal;
}

export interface CallOptions {
  query?: Record<string, string | undefined>;
  headers?: Record<string, string>;
  body?: unknown;
  /** How long the answer's body may be silent, in milliseconds; 0 for ever. */
  bodyTimeoutMs?: number;
}

const headersTimeoutMs = 20_000;
/** The answers after which the same request may succeed. */
const passing = new Set([429, 502, 503, 504]);

export type MeshApi = ReturnType<typeof createMeshApi>;

/** Connects to the mesh; nothing is sent yet. */
export function createMeshApi({ url, apiKey, retryForMs, signal }: MeshApiOptions) {
  const base = url.replace(/\/+$/, '');
  const dispatcher = new Agent({ connect: { timeout: 5_000 } });
  const newPatience = () => createPatience({ forMs: retryForMs, signal });

  function send(method: Dispatcher.HttpMethod, path: string, options: CallOptions): Promise<Dispatcher.ResponseData> {
    const query = Object.entries(options.query ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return request(`${base}${path}${query.length ? `?${new URLSearchParams(query)}` : ''}`, {
      method,
      dispatcher,
      signal,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: options.bodyTimeoutMs ?? headersTimeoutMs,
      headers: {
        ...(apiKey && { authorization: `Bearer ${apiKey}` }),
        ...(options.body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
  }

  /**
   * Sends a request until it is answered with less than 400. It may be sent more than once, so that a POST needs an
   * `Idempotency-Key`.
   */
  async function call(
    method: Dispatcher.HttpMethod,
    path: string,
    options: CallOptions = {},
    patience: Patience = newPatience(),
  ): Promise<Dispatcher.ResponseData> {
    for (;;) {
      const attempt = await send(method, path, options).catch((fault) => fault as Error);
      signal.throwIfAborted();
      if (attempt instanceof Error) {
        if (!(await patience.wait())) throw unreachable(base, attempt);
      } else if (attempt.statusCode < 400) {
        return attempt;
      } else {
        const error = await refusal(attempt);
        const retry = passing.has(attempt.statusCode) && (await patience.wait(retryAfterMs(attempt)));
        if (!retry) throw error;
      }
    }
  }

  return {
    /** The answer's body, which is JSON; one that breaks off is asked for again. */
    async json<T>(method: Dispatcher.HttpMethod, path: string, options?: CallOptions): Promise<T> {
      const patience = newPatience();
      for (;;) {
        const answer = await call(method, path, options, patience);
        const text = await answer.body.text().catch((fault) => fault as Error);
        signal.throwIfAborted();
        if (typeof text === 'string') return parseJson<T>(text, base + path);
        if (!(await patience.wait())) throw unreachable(base, text);
      }
    },

    /** The answer with its body as it comes; undefined for 204. The caller decides when to be patient again. */
    async stream(path: string, options: CallOptions, patience: Patience): Promise<Readable | undefined> {
      const answer = await call('GET', path, options, patience);
      if (answer.statusCode !== 204) return answer.body;
      await answer.body.dump();
      return undefined;
    },

    newPatience,

    /** The error for a stream that broke and could not be taken up again. */
    unreachable: (fault: Error) => unreachable(base, fault),

    close: () => dispatcher.destroy(),
  };
}

function parseJson<T>(text: string, url: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new CommandError(exitCodes.unavailable, `${url} did not answer with JSON; is the mesh there?`);
  }
}

function unreachable(base: string, fault: Error): CommandError {
  const cause = (fault as { code?: string }).code ?? fault.message;
  return new CommandError(exitCodes.unavailable, `no answer from ${base}: ${cause}`, 'unreachable');
}

async function refusal(answer: Dispatcher.ResponseData): Promise<CommandError> {
  const status = answer.statusCode;
  const exitCode = status < 500 ? exitCodes.refused : exitCodes.unavailable;
  const text = await answer.body.text().catch(() => '');
  const { title, detail, code } = parseProblem(text);
  const said = detail || title || `the service answered ${status}`;
  return new CommandError(exitCode, said, code ?? `http_${status}`);
}

function parseProblem(text: string): { title?: string; detail?: string; code?: string } {
  try {
    const parsed = JSON.parse(text);
    return typeof parsed === 'object' && parsed ? parsed : {};
  } catch {
    return {};
  }
}

function retryAfterMs({ headers }: Dispatcher.ResponseData): number {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) ? Math.max(0, seconds) * 1_000 : 0;
}
