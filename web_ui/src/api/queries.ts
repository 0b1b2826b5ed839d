/**
 * The query cache. What cannot be had for now is tried again every two seconds for as long as it is on screen, and what
 * was there before stays there meanwhile.
 */
import { QueryCache, QueryClient, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { type ApiError, toApiError } from './api-error.ts';
import { onKeyChange, readKeyState } from './api-key.ts';
import { getJson } from './client.ts';

const retryMs = 2_000;
/** Since when each failing query fails, by its hash. */
const failingSince = new Map<string, number>();

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (_, { queryHash }) => {
      if (!failingSince.has(queryHash)) failingSince.set(queryHash, Date.now());
    },
    onSuccess: (_, { queryHash }) => failingSince.delete(queryHash),
  }),
  defaultOptions: {
    queries: {
      // The mesh may run on this machine: whether there is an internet says nothing.
      networkMode: 'always',
      retry: false,
      staleTime: 10_000,
      refetchInterval: ({ state }) => (state.error && toApiError(state.error).isTemporary ? retryMs : false),
    },
    mutations: { networkMode: 'always', retry: false },
  },
});

let knownKey = readKeyState().key;
onKeyChange(() => {
  const { key } = readKeyState();
  if (key === knownKey) return;
  knownKey = key;
  // What one client may see is not the next one's.
  void queryClient.resetQueries();
});

/** An outage: what failed, and since when it does. */
export interface Outage {
  error: ApiError;
  since: Date;
}

export interface Answer<T> {
  data: T | undefined;
  /** Set while it cannot be had; `data` is then what was there before. */
  outage: Outage | undefined;
  query: UseQueryResult<T>;
}

/** What a path answers with, kept and shared by all who ask for it. */
export function useJson<T>(path: string, { refetchMs }: { refetchMs?: number } = {}): Answer<T> {
  const key = [path];
  const query = useQuery<T>({
    queryKey: key,
    queryFn: ({ signal }) => getJson<T>(path, signal),
    ...(refetchMs !== undefined && { refetchInterval: refetchMs }),
  });
  const since = failingSince.get(JSON.stringify(key)) ?? Date.now();
  const outage = query.error ? { error: toApiError(query.error), since: new Date(since) } : undefined;
  return { data: query.data, outage, query };
}
