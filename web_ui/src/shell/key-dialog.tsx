import './key-dialog.css';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { giveKey, useKeyState } from '../api/api-key.ts';

/** Asks for the API key once a call was refused for want of one. */
export function KeyDialog() {
  const { isNeeded, isUnknown } = useKeyState();
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');

  useEffect(() => {
    if (isNeeded && !dialog.current?.open) dialog.current?.showModal();
    if (!isNeeded) dialog.current?.close();
  }, [isNeeded]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTyped('');
    giveKey(typed.trim());
  };
  return (
    <dialog ref={dialog} className="key-dialog" aria-labelledby="key-title" aria-describedby="key-text">
      <form onSubmit={submit}>
        <h2 id="key-title">This mesh asks for an API key</h2>
        <p id="key-text">
          {isUnknown
            ? 'It does not know the key that you gave. Check it, or ask whoever runs the mesh for another.'
            : 'Whoever runs the mesh can give you one.'}{' '}
          It is kept in this browser tab alone, until you close it.
        </p>
        <label>
          API key
          <input
            type="password"
            autoComplete="off"
            required
            pattern="\s*\S+\s*"
            title="A key has no spaces in it"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <div className="buttons">
          <button type="submit" className="primary">
            Use this key
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Not now
          </button>
        </div>
      </form>
    </dialog>
  );
}
