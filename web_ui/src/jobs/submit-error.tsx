import { useEffect, useState } from 'react';
import type { ApiError } from '../api/api-error.ts';
import { sentence } from '../parts/states.tsx';
import { useNow } from './use-now.ts';

/** Why a job was not taken, where it was asked for, and the way on: what was asked for is still there. */
export function SubmitError({ error, again }: { error: ApiError; again: () => void }) {
  const seconds = useSecondsLeft(error);
  return (
    <div className="notice bad state" role="alert">
      <strong>The job was not started</strong>
      <div>{sentence(error)}</div>
      {error.isTemporary && (
        <div className="buttons">
          <button type="button" onClick={again} disabled={seconds > 0}>
            {seconds > 0 ? `Try again in ${seconds} s` : 'Try again'}
          </button>
        </div>
      )}
    </div>
  );
}

/** How long the service wants to be left alone, counted from when it said so. */
function useSecondsLeft(error: ApiError): number {
  const [saidAt, setSaidAt] = useState(Date.now);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each error counts from its own beginning
  useEffect(() => setSaidAt(Date.now()), [error]);
  const endsAt = saidAt + (error.retryAfterSeconds ?? 0) * 1_000;
  return Math.max(0, Math.ceil((endsAt - useNow()) / 1_000));
}
