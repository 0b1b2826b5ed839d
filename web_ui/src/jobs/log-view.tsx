import { useEffect, useRef, useState } from 'react';
import { sentence } from '../parts/states.tsx';
import type { JobLog } from './job-log.ts';
import type { Job } from './tier-state.ts';

/** Nearer to the end than this, somebody reads the end, and is kept there while the log grows. In pixels. */
const nearEnd = 24;

/** A job's log. Its end is followed until somebody scrolls up to read. */
export function LogView({ log, job }: { log: JobLog; job: Job }) {
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  const [isWhole, setWhole] = useState(false);
  const { text, error } = log;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another job's log is read from its end
  useEffect(() => {
    isAtEnd.current = true;
  }, [job.id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each growth
  useEffect(() => {
    const element = box.current;
    if (element && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [text, isWhole]);

  const noteScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearEnd;
  };
  if (error && text === undefined) return <p className="notice bad">The log: {sentence(error)}</p>;
  if (text === undefined) return <p className="quiet log-none">{explainNone(job, log.isLoading)}</p>;
  return (
    <div className="log">
      <pre
        ref={box}
        className={isWhole ? 'whole' : ''}
        onScroll={noteScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Log"
      >
        {text}
      </pre>
      <button type="button" className="plain" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
        {isWhole ? 'Less of the log' : 'Whole log'}
      </button>
    </div>
  );
}

function explainNone({ status }: Job, isLoading: boolean): string {
  if (status === 'queued' || status === 'starting') return 'Its log begins when it runs.';
  if (isLoading) return 'Reading its log…';
  return status === 'running' ? 'It has not written anything yet.' : 'It left no log.';
}
