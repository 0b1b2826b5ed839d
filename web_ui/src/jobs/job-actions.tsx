import { sentence } from '../parts/states.tsx';
import { CopyAsCurl } from './copy-as-curl.tsx';
import { requestOf } from './job-request.ts';
import { cancelSoon, undoCancel, useCancellation } from './pending-cancels.ts';
import { SubmitError } from './submit-error.tsx';
import { hasEnded, type Job } from './tier-state.ts';
import { useNow } from './use-now.ts';
import { useSubmit } from './use-submit.ts';

/** What can be done with a job. */
export function JobActions({ job, log }: { job: Job; log: string | undefined }) {
  const { submit, again, isSending, error } = useSubmit();
  const request = requestOf(job);
  return (
    <div className="job-actions">
      <div className="buttons">
        {!hasEnded(job) && <Cancel job={job} />}
        <button type="button" onClick={() => submit(request)} disabled={isSending}>
          Run again
        </button>
        <CopyAsCurl request={request} />
        {log !== undefined && (
          <button type="button" onClick={() => saveText(`${job.id}.log`, log)}>
            Save log
          </button>
        )}
      </div>
      {error && <SubmitError error={error} again={again} />}
    </div>
  );
}

/** Cancels in a moment, with a way back until then: a place in line or an hour of training is soon clicked away. */
function Cancel({ job: { tier, id, status } }: { job: Job }) {
  const path = `/${tier}/jobs/${id}`;
  const cancellation = useCancellation(path);
  const now = useNow();
  if (cancellation?.state === 'pending') {
    const seconds = Math.max(0, Math.ceil((cancellation.at - now) / 1_000));
    return (
      <button type="button" className="undo num" onClick={() => undoCancel(path)}>
        Undo: cancels in {seconds} s
      </button>
    );
  }
  return (
    <>
      <button type="button" onClick={() => cancelSoon(path)} disabled={cancellation?.state === 'sent'}>
        {cancellation?.state === 'sent' ? 'Cancelling…' : status === 'queued' ? 'Leave the line' : 'Cancel'}
      </button>
      {cancellation?.state === 'refused' && (
        <p className="notice bad" role="alert">
          It was not cancelled. {sentence(cancellation.error)}
        </p>
      )}
    </>
  );
}

/** Has the browser save a text as a file. */
function saveText(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
