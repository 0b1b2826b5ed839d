/** Jobs that are older than what the streams tell of: read a page at a time, when somebody asks for them. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { getJson } from '../api/client.ts';
import type { Job, TierName } from './tier-state.ts';

const pageSize = 200;

export interface OlderJobs {
  jobs: Job[];
  /** Whether there may be more. */
  hasMore: boolean;
  isLoading: boolean;
  error: ApiError | undefined;
  load: () => void;
}

interface JobPage {
  jobs: Job[];
  next_cursor: string | null;
}

/** @param known how many jobs the stream has told of @param generation when it grows, what was read may be wrong */
export function useOlderJobs(tier: TierName, known: number, generation: number): OlderJobs {
  const [isWanted, setWanted] = useState(false);
  const query = useInfiniteQuery({
    queryKey: [`/${tier}/jobs`],
    queryFn: ({ pageParam, signal }) => getJson<JobPage>(pathOf(tier, pageParam), signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { refetch } = query;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is read anew for each new list
  useEffect(() => {
    if (isWanted) void refetch();
  }, [generation]);
  const isOnlyKnown = query.data?.pages.length === 1 && query.hasNextPage;
  const { fetchNextPage } = query;
  useEffect(() => {
    // The first page is what the stream has told of already, most of it.
    if (isOnlyKnown) void fetchNextPage();
  }, [isOnlyKnown, fetchNextPage]);
  return {
    jobs: query.data?.pages.flatMap(({ jobs }) => jobs) ?? [],
    hasMore: isWanted ? query.hasNextPage : known >= pageSize,
    isLoading: query.isFetching,
    error: query.error ? toApiError(query.error) : undefined,
    load: () => (isWanted ? void fetchNextPage() : setWanted(true)),
  };
}

function pathOf(tier: TierName, cursor: string | undefined): string {
  return `/${tier}/jobs?limit=${pageSize}${cursor === undefined ? '' : `&cursor=${cursor}`}`;
}
