import { type DragEvent, useEffect, useState } from 'react';
import type { ModelGroup } from '../api/model-groups.ts';
import { Panel } from '../parts/panel.tsx';
import { Segments } from '../parts/segments.tsx';
import { setHashParams } from '../shell/hash-location.ts';
import { inputOfSample, samplesOf } from './address.ts';
import { Field } from './field.tsx';
import { readable, refusalOf } from './images.ts';
import { canUndo, type Input, nothing, setInput, undo } from './input.ts';
import type { ModelAnswer } from './use-predictions.ts';

interface InputPanelProps {
  input: Input;
  groups: ModelGroup[];
  group: ModelGroup | undefined;
  answers: Record<string, ModelAnswer>;
}

const hints: Record<string, string> = { mnist: 'Draw a digit here', kmnist: 'Draw a character here' };

/** Everything that can be looked at: what is drawn, dropped, pasted or picked, and samples. */
export function InputPanel({ input, groups, group, answers }: InputPanelProps) {
  const [refusal, setRefusal] = useState<string>();
  const [isOver, setOver] = useState(false);
  const take = async (file: File | undefined) => {
    if (!file) return;
    const reason = refusalOf(file);
    setRefusal(reason);
    if (!reason) setInput({ kind: 'image', blob: await readable(file), name: file.name });
  };
  usePasteAndUndo(take);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: who cannot drop a file picks it below
    <div
      className={`input-panel ${isOver ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Panel title="Draw, drop or paste an image">
        <Field input={input} hint={hints[group?.dataset ?? ''] ?? 'Draw here'} />
        <p id="field-keys" className="visually-hidden">
          Arrow keys move the pen, with Shift further. Space puts it down and lifts it. Backspace undoes, Delete clears.
        </p>
        <div className="buttons field-buttons">
          <button type="button" onClick={undo} disabled={!canUndo()}>
            Undo
          </button>
          <button type="button" onClick={() => setInput(nothing)} disabled={input.kind === 'nothing'}>
            Clear
          </button>
          <label className="button file">
            Choose a photo…
            <input
              type="file"
              accept="image/*"
              className="visually-hidden"
              onChange={(event) => {
                void take(event.target.files?.[0]);
                event.target.value = '';
              }}
            />
          </label>
        </div>
        {refusal && (
          <p className="notice bad" role="alert">
            {refusal}
          </p>
        )}
        <Seen answers={answers} group={group} />
        {groups.length > 1 && group && (
          <Segments
            label="Networks for"
            options={groups.map(({ dataset, title }) => ({ value: dataset, title }))}
            value={group.dataset}
            onChange={(dataset) => setHashParams({ dataset })}
          />
        )}
        <Samples groups={groups} group={group} chosen={input.kind === 'image' ? input.sample : undefined} />
      </Panel>
    </div>
  );
}

/** The input as the network sees it. */
function Seen({ answers, group }: Pick<InputPanelProps, 'answers' | 'group'>) {
  const isPhoto = group?.preparation === 'photo';
  const [first] = group?.models.map(({ name }) => answers[name]?.answer?.predictions[0]) ?? [];
  return (
    <div className="seen">
      {first?.input ? <img src={first.input} alt="What the network sees" className={isPhoto ? '' : 'pixels'} /> : <i />}
      <span>
        What the network sees:
        <br />
        {isPhoto ? 'scaled, and cut to a square' : '28 × 28, centred by mass'}
      </span>
      <Brief answers={answers} group={group} />
    </div>
  );
}

/** The answers in short, for a screen that has no room for them beside the field. They are read out elsewhere. */
function Brief({ answers, group }: Pick<InputPanelProps, 'answers' | 'group'>) {
  return (
    <div className="brief" aria-hidden="true">
      {group?.models.map(({ name, type }) => {
        const label = answers[name]?.answer?.predictions[0]?.classes[0]?.label;
        if (label === undefined) return null;
        return (
          <span key={name}>
            <strong className={label.length > 2 ? 'word' : ''}>{label}</strong>
            {group.models.length > 1 && type}
          </span>
        );
      })}
    </div>
  );
}

function Samples({
  groups,
  group,
  chosen,
}: Pick<InputPanelProps, 'groups' | 'group'> & { chosen: string | undefined }) {
  const samples = samplesOf(group);
  if (!group || samples.length === 0) return null;
  return (
    <fieldset className={`samples ${group.preparation}`}>
      <legend>Or try one of these</legend>
      {samples.map(({ label, image }, index) => {
        const place = `${group.dataset}:${index}`;
        return (
          <button
            key={place}
            type="button"
            aria-pressed={place === chosen}
            onClick={() => setInput(inputOfSample(groups, place) ?? nothing)}
          >
            <img src={image} alt={`Sample: ${label}`} title={label} />
          </button>
        );
      })}
    </fieldset>
  );
}

/** Takes a pasted image, and Ctrl-Z, wherever on the tab the focus is. */
function usePasteAndUndo(take: (file: File | undefined) => unknown): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent) => void take(event.clipboardData?.files[0]);
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'z' || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      undo();
    };
    document.addEventListener('paste', paste);
    document.addEventListener('keydown', press);
    return () => {
      document.removeEventListener('paste', paste);
      document.removeEventListener('keydown', press);
    };
  });
}
