import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';
import { type FormEvent, useId, useState } from 'react';
import declared from '../../../model_config/datasets.json' with { type: 'json' };
import { Panel } from '../parts/panel.tsx';
import { Segments } from '../parts/segments.tsx';
import { CopyAsCurl } from './copy-as-curl.tsx';
import { type JobRequest, mostEpochs } from './job-request.ts';
import { SubmitError } from './submit-error.tsx';
import type { TierName } from './tier-state.ts';
import { useSubmit } from './use-submit.ts';

const tiers = tierNames.map((value) => ({ value, title: value }));
const datasets = Object.entries(declared).map(([value, { title }]) => ({ value, title }));

const explained: Record<TierName, string> = {
  free: 'Feed-forward network. A job that finds no place free waits in line.',
  premium: 'Convolutional network. Starts at once.',
};

/** What was last chosen, while other tabs are looked at. */
let chosen: JobRequest = { tier: 'free', dataset: datasets[0]!.value, epochs: 5, pretrained: false };

/** Asks for a job. */
export function NewJob() {
  const [request, setRequest] = useState(chosen);
  const { submit, again, isSending, error } = useSubmit();
  const set = (change: Partial<JobRequest>) => {
    chosen = { ...request, ...change };
    setRequest(chosen);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    submit(request);
  };
  return (
    <Panel title="New job">
      <form className="new-job" onSubmit={send}>
        <Segments label="Tier" options={tiers} value={request.tier} onChange={(tier) => set({ tier })} />
        <Segments label="Dataset" options={datasets} value={request.dataset} onChange={(dataset) => set({ dataset })} />
        <Epochs value={request.epochs} isOff={request.pretrained} onChange={(epochs) => set({ epochs })} />
        <label className="check">
          <input
            type="checkbox"
            checked={request.pretrained}
            onChange={(event) => set({ pretrained: event.target.checked })}
          />
          Only evaluate the trained network
        </label>
        <div className="buttons">
          <button type="submit" className="primary" disabled={isSending}>
            {isSending ? 'Starting…' : request.pretrained ? 'Start evaluation' : 'Start training'}
          </button>
          <CopyAsCurl request={request} />
        </div>
      </form>
      <p className="quiet">{explained[request.tier]}</p>
      {error && <SubmitError error={error} again={again} />}
    </Panel>
  );
}

/** A number with a step down and a step up. */
function Epochs({ value, isOff, onChange }: { value: number; isOff: boolean; onChange: (value: number) => void }) {
  const id = useId();
  const [typed, setTyped] = useState(String(value));
  const change = (text: string) => {
    setTyped(text);
    const number = Number(text);
    if (Number.isInteger(number) && number >= 1 && number <= mostEpochs) onChange(number);
  };
  const step = (by: number) => change(String(Math.min(mostEpochs, Math.max(1, value + by))));
  return (
    <div className="epochs">
      <label htmlFor={id}>Epochs</label>
      <div className="stepper">
        <button type="button" onClick={() => step(-1)} disabled={isOff || value <= 1} aria-label="One epoch less">
          −
        </button>
        <input
          id={id}
          type="number"
          min={1}
          max={mostEpochs}
          required
          disabled={isOff}
          value={typed}
          onChange={(event) => change(event.target.value)}
        />
        <button
          type="button"
          onClick={() => step(1)}
          disabled={isOff || value >= mostEpochs}
          aria-label="One epoch more"
        >
          +
        </button>
      </div>
    </div>
  );
}
