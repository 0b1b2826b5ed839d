/** Calls of the mesh's API, with the key where there is one. Everything fails with an `ApiError`. */
import { errorOfAnswer, toApiError } from './api-error.ts';
import { keyHeaders, readKeyState, refuseKey } from './api-key.ts';

/**
 * Sends a request and gives its answer, any of 2xx.
 * @throws ApiError also where there is no answer; the signal's reason if it is aborted
 */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const { key } = readKeyState();
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers: { ...keyHeaders(key), ...init.headers } });
  } catch (error) {
    init.signal?.throwIfAborted();
    throw toApiError(error);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) refuseKey(key);
  throw await errorOfAnswer(answer);
}

/** The JSON that a path answers with. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return readJson<T>(await call(path, { signal: signal ?? null }), signal);
}

/** Posts fields as JSON; gives the JSON of the answer. */
export async function postJson<T>(path: string, fields: object, init: RequestInit = {}): Promise<T> {
  const headers = { 'content-type': 'application/json', ...init.headers };
  const answer = await call(path, { ...init, method: 'POST', headers, body: JSON.stringify(fields) });
  return readJson<T>(answer, init.signal ?? undefined);
}

/** The JSON of an answer, whose body may break off. */
export async function readJson<T>(answer: Response, signal?: AbortSignal): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch (error) {
    signal?.throwIfAborted();
    throw toApiError(error);
  }
}
