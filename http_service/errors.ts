import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { Type } from 'typebox';

/** A kind of services that has errors of its own. */
export type ServiceKind = 'jobs' | 'predictions';

interface Declaration {
  status: number;
  title: string;
  /** The services that answer with it; all of them if left out. */
  of?: ServiceKind;
}

/** Every error that a service answers with, each once: its stable code, its status, and a title. */
const declared = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  not_found: { status: 404, title: 'There is nothing at this path' },
  job_not_found: { status: 404, title: 'There is no such job', of: 'jobs' },
  log_not_found: { status: 404, title: 'There is no log', of: 'jobs' },
  model_not_found: { status: 404, title: 'There is no such model', of: 'predictions' },
  method_not_allowed: { status: 405, title: 'This path does not take that method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  job_ended: { status: 409, title: 'The job has ended', of: 'jobs' },
  body_too_large: { status: 413, title: 'The body is too large' },
  image_too_large: { status: 413, title: 'The image is too large', of: 'predictions' },
  unsupported_image: { status: 415, title: 'The image is of a kind that is not read', of: 'predictions' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  key_reused: { status: 422, title: 'The idempotency key was used for another request', of: 'jobs' },
  unreadable_image: { status: 422, title: 'The image is damaged', of: 'predictions' },
  queue_full: { status: 429, title: 'The queue is full', of: 'jobs' },
  too_many_jobs: { status: 429, title: 'This client has as many unfinished jobs as it may', of: 'jobs' },
  too_many_streams: { status: 429, title: 'Too many event streams are open', of: 'jobs' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  cluster_unavailable: { status: 503, title: 'The Kubernetes API cannot be reached or is overloaded', of: 'jobs' },
  not_ready: { status: 503, title: 'The service is not ready' },
  overloaded: { status: 503, title: 'The service has more to do than it can', of: 'predictions' },
} as const satisfies Record<string, Declaration>;

export type ErrorCode = keyof typeof declared;

/** What only Envoy answers with, at any path; it shares some of the codes above. Its files say the same. */
const declaredByProxy = {
  rate_limited: { status: 429, title: 'Too many requests' },
  bad_gateway: { status: 502, title: 'The service gave no valid answer' },
  service_unavailable: { status: 503, title: 'The service cannot be reached' },
  gateway_timeout: { status: 504, title: 'The service did not answer in time' },
  refused_by_proxy: { status: undefined, title: 'The proxy refused the request' },
} as const;

/** RFC 9457, with a code that scripts can rely on. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Enum(Object.keys({ ...declared, ...declaredByProxy })),
  },
  { description: 'Problem details (RFC 9457)' },
);

/** An error that the client is sent unchanged. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, detail: string, { retryAfterSeconds, cause }: ErrorHints = {}) {
    super(detail, { cause });
    this.code = code;
    this.status = declared[code].status;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The answer's body. */
  toProblem() {
    const { status, title } = declared[this.code];
    return { type: 'about:blank', title, status, detail: this.message, code: this.code };
  }
}

interface ErrorHints {
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** Makes one of the declared errors. */
export function problem(code: ErrorCode, detail: string, hints: ErrorHints = {}): ServiceError {
  return new ServiceError(code, detail, hints);
}

/**
 * The services' own errors in the order of their status, for the documentation.
 * @param kind leaves out what only services of another kind answer with
 */
export function listErrors(kind?: ServiceKind): { code: ErrorCode; status: number; title: string }[] {
  return Object.entries<Declaration>(declared)
    .filter(([, { of }]) => kind === undefined || of === undefined || of === kind)
    .map(([code, { status, title }]) => ({ code: code as ErrorCode, status, title }));
}

/** The errors that only Envoy answers with; one without a status stands for every other status. */
export function listProxyErrors(): { code: string; status: number | undefined; title: string }[] {
  return Object.entries(declaredByProxy).map(([code, { status, title }]) => ({ code, status, title }));
}

/**
 * What a client is sent for any error. Kubernetes' answers are translated here and nowhere else: whatever keeps
 * the API server from answering is a 503 that may be repeated, and no client sees a message of ours by accident.
 * @param bodyLimit the longest body that the call takes, in bytes
 */
export function toServiceError(error: unknown, bodyLimit?: number): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof KubernetesError) return fromKubernetes(error);
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (statusCode === 413 || code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return problem(
      'body_too_large',
      `the body is larger than ${describeBytes(bodyLimit)}, which is the most that this call takes`,
    );
  if (code === 'FST_ERR_BAD_URL')
    return problem(
      'invalid_request',
      'the path cannot be decoded: each % has to begin a character of UTF-8, as in %20',
    );
  if (statusCode === 405) return problem('method_not_allowed', message ?? '');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return problem('invalid_request', message ?? 'the request cannot be read');
  return problem('internal_error', "the fault has been logged under this request's id", { cause: error });
}

function describeBytes(bytes = 16 * 1_024): string {
  return bytes < 1_024 ** 2 ? `${bytes / 1_024} KiB` : `${bytes / 1_024 ** 2} MiB`;
}

function fromKubernetes(error: KubernetesError): ServiceError {
  const retryAfterSeconds = Math.ceil(error.retryAfterSeconds ?? 2);
  const namespace = missingNamespace(error);
  if (namespace !== undefined) {
    return problem('not_ready', `the namespace ${namespace}, where the jobs run, does not exist or is being deleted`, {
      retryAfterSeconds: 5,
      cause: error,
    });
  }
  // A conflict is somebody else's write at the same moment, most often on the ResourceQuota: it passes.
  if (error.isUnavailable || error.status === 409) {
    return problem('cluster_unavailable', 'the Kubernetes API did not take the request; please repeat it', {
      retryAfterSeconds,
      cause: error,
    });
  }
  if (error.status === 404) return problem('job_not_found', 'there is no job of this id', { cause: error });
  if (error.isOverQuota) {
    return problem('queue_full', 'the namespace has reached its quota of Jobs', {
      retryAfterSeconds: 30,
      cause: error,
    });
  }
  return problem('internal_error', "the fault has been logged under this request's id", { cause: error });
}

/** The namespace that a request failed for want of. */
function missingNamespace({ status, details, message }: KubernetesError): string | undefined {
  if (status === 404 && details?.kind === 'namespaces') return details.name;
  if (!details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating')) return undefined;
  return /in namespace (\S+?) because/.exec(message)?.[1];
}
