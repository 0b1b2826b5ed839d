/** Asking for a job, from wherever on the page. */
import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { postJson } from '../api/client.ts';
import { go } from '../shell/hash-location.ts';
import { createIdempotencyKey, fieldsOf, type JobRequest } from './job-request.ts';
import { rememberMine } from './my-jobs.ts';
import type { Job } from './tier-state.ts';
import { showJob } from './use-tiers.ts';

export interface Submit {
  submit: (request: JobRequest) => void;
  /** Sends what was last asked for again. Under the same key, so that it is one job however often it is sent. */
  again: () => void;
  isSending: boolean;
  error: ApiError | undefined;
}

type Asked = { request: JobRequest; key: string };

/** Asks for a job, notes that it is ours, and goes to it. */
export function useSubmit(): Submit {
  const last = useRef<Asked>(undefined);
  const { mutate, isPending, error } = useMutation({
    mutationFn: ({ request, key }: Asked) =>
      postJson<Job>(`/${request.tier}`, fieldsOf(request), { headers: { 'idempotency-key': key } }),
    onSuccess(job) {
      rememberMine(job.id);
      showJob(job);
      go(`/jobs/${job.tier}/${job.id}`);
    },
  });
  const send = (asked: Asked) => {
    last.current = asked;
    mutate(asked);
  };
  return {
    submit: (request) => send({ request, key: createIdempotencyKey() }),
    again: () => last.current && send(last.current),
    isSending: isPending,
    error: error ? toApiError(error) : undefined,
  };
}
