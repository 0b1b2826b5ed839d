import type { V1Status } from '@kubernetes/client-node';

interface Failure {
  /** HTTP status of the answer; 0 when there was none. */
  status: number;
  /** Kubernetes' reason (`NotFound`, `Conflict`, …), or `Unreachable` or `Timeout` when there was no answer. */
  reason: string;
  message: string;
  /** What the API server asked us to wait, in seconds. */
  retryAfterSeconds?: number | undefined;
  details?: V1Status['details'] | undefined;
  cause?: unknown;
}

/** Any request to the Kubernetes API that did not succeed, whether it was answered or not. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly details: V1Status['details'] | undefined;

  constructor(failure: Failure) {
    super(failure.message, { cause: failure.cause });
    this.status = failure.status;
    this.reason = failure.reason;
    this.retryAfterSeconds = failure.retryAfterSeconds;
    this.details = failure.details;
  }

  /**
   * True where the API server is away, overloaded or not ready: the same request may succeed later. One that has just
   * started also refuses (401, 403) what it allows as soon as it has read its accounts, roles and quotas.
   */
  get isUnavailable(): boolean {
    if (this.status === 401 || this.status === 403) return !this.isOverQuota;
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** True where a ResourceQuota has no room for what was to be made. */
  get isOverQuota(): boolean {
    return this.status === 403 && this.message.includes('exceeded quota');
  }
}

/**
 * The error that an answer of the API server stands for.
 * @param status HTTP status, 300 or above
 * @param body the answer's body: a `Status` object in JSON, or any text
 * @param retryAfter the `Retry-After` header, in seconds
 */
export function errorFromAnswer(status: number, body: string, retryAfter?: string): KubernetesError {
  const answer = parseStatus(body);
  return new KubernetesError({
    status,
    reason: answer?.reason || `HTTP ${status}`,
    message: answer?.message || body.slice(0, 200).trim() || `the Kubernetes API answered ${status}`,
    retryAfterSeconds: Number(retryAfter) || answer?.details?.retryAfterSeconds,
    details: answer?.details,
  });
}

/** The error for a request that got no answer: refused, reset, or timed out. */
export function errorFromFault(cause: unknown): KubernetesError {
  if (cause instanceof KubernetesError) return cause;
  const { code, name, message } = cause as { code?: string; name?: string; message?: string };
  const timedOut = name === 'TimeoutError' || /TIMEOUT/.test(code ?? '');
  return new KubernetesError({
    status: 0,
    reason: timedOut ? 'Timeout' : 'Unreachable',
    message: `no answer from the Kubernetes API: ${code ?? message ?? 'unknown fault'}`,
    cause,
  });
}

function parseStatus(body: string): V1Status | undefined {
  try {
    const parsed = JSON.parse(body);
    return parsed?.kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}
