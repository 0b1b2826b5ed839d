/** What went wrong with a call, in the words of the service where it said some. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** 0 where there was no answer at all. */
  readonly status: number;
  /** The stable code of the problem; `unreachable` where there was no answer. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterSeconds: number | undefined;

  constructor({ status, code, title, detail, retryAfterSeconds }: ApiProblem) {
    super(detail ? `${title}: ${detail}` : title);
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same call may succeed later, so that it is worth trying again. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

interface ApiProblem {
  status: number;
  code: string;
  title: string;
  detail: string;
  retryAfterSeconds?: number | undefined;
}

/** The error for an answer that is none of 2xx: a problem of RFC 9457 where its body is one. */
export async function errorOfAnswer(answer: Response): Promise<ApiError> {
  const { status } = answer;
  const retryAfterSeconds = secondsOf(answer.headers.get('retry-after'));
  const body = await answer.json().catch(() => undefined);
  const { title, detail, code, error } = (body ?? {}) as Partial<ApiProblem> & { error?: string };
  return new ApiError({
    status,
    code: code ?? 'unexpected_answer',
    title: title ?? `The answer was ${status}`,
    detail: detail ?? (typeof error === 'string' ? error : ''),
    retryAfterSeconds,
  });
}

/** The error for a call that had no answer. */
export function unreachable(): ApiError {
  return new ApiError({
    status: 0,
    code: 'unreachable',
    title: 'The mesh cannot be reached',
    detail: 'it has stopped, or the connection to it is broken',
  });
}

/** Any error as one of the API. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  // fetch rejects with a TypeError for every fault of the network.
  if (error instanceof TypeError) return unreachable();
  return new ApiError({ status: -1, code: 'fault', title: 'The page has a fault', detail: String(error) });
}

function secondsOf(header: string | null): number | undefined {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : undefined;
}
