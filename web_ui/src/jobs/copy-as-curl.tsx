import { useEffect, useRef, useState } from 'react';
import { useKeyState } from '../api/api-key.ts';
import { curlOf, type JobRequest } from './job-request.ts';

const saidMs = 2_500;

/** Copies the command that asks for the same job; where the browser does not let pages copy, shows it. */
export function CopyAsCurl({ request }: { request: JobRequest }) {
  const { key } = useKeyState();
  const command = curlOf(request, location.origin, key !== undefined);
  const [state, setState] = useState<'ready' | 'copied' | 'shown'>('ready');
  const shown = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (state === 'shown') shown.current?.select();
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState('ready'), saidMs);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = async () => {
    try {
      // Over plain HTTP from another machine, a page has no clipboard.
      await navigator.clipboard.writeText(command);
      setState('copied');
    } catch {
      setState('shown');
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {state === 'copied' ? 'Copied' : 'Copy as curl'}
      </button>
      <span className="visually-hidden" role="status">
        {state === 'copied' ? 'The command is on the clipboard.' : ''}
      </span>
      {state === 'shown' && (
        <input ref={shown} type="text" className="command mono" readOnly value={command} aria-label="The command" />
      )}
    </>
  );
}
