import { Link } from 'wouter';
import type { ApiError } from '../api/api-error.ts';
import type { ClassProbability, ModelDescription } from '../api/predictions.ts';
import { formatAccuracy, formatMilliseconds, formatShare } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { sentence } from '../parts/states.tsx';
import type { ModelAnswer } from './use-predictions.ts';

/** A model with few classes shows all of them, in their own order: a bar stays where it is while it moves. */
const fewClasses = 10;

/** What one model says of the input: its answer, how sure it is, and how it sees the other classes. */
export function AnswerPanel({ model, answer, error }: ModelAnswer & { model: ModelDescription }) {
  const { name, accuracy } = model;
  const prediction = answer?.predictions[0];
  const best = prediction?.classes[0];
  const version = answer?.version ?? model.version;
  return (
    <Panel
      className={`answer-panel ${error ? 'outdated' : ''}`}
      title={
        <>
          <Link href={`/models/${name}`}>{name}</Link> · version {version}
          {accuracy !== null && ` · ${formatAccuracy(accuracy)}`}
        </>
      }
    >
      <div className={`answer ${kindOf(best)}`}>{best?.label ?? <span aria-hidden="true">?</span>}</div>
      <div className="sure num">{best ? sureness(best) : 'nothing to look at yet'}</div>
      <Bars bars={barsOf(model, prediction?.classes)} best={best?.class} />
      <div className="quiet num">{prediction ? formatMilliseconds(prediction.milliseconds) : '\u00a0'}</div>
      {error && <NoAnswer error={error} isEarlier={best !== undefined} />}
    </Panel>
  );
}

/** Why the newest input has no answer, and what is shown instead. */
function NoAnswer({ error, isEarlier }: { error: ApiError; isEarlier: boolean }) {
  if (!error.isTemporary)
    return (
      <div className="notice bad" role="alert">
        {sentence(error)}
      </div>
    );
  return (
    <div className="notice">
      {isEarlier ? 'This is the answer from before.' : 'No answer yet.'} {sentence(error)} It is asked again.
    </div>
  );
}

function kindOf(best: ClassProbability | undefined): string {
  if (!best) return 'none';
  return best.label.length > 2 ? 'word' : '';
}

function sureness({ probability }: ClassProbability): string {
  const share = formatShare(probability);
  return probability < 0.5 ? `${share}, a guess at best` : `${share} sure`;
}

interface Bar {
  class: number;
  label: string;
  probability: number | undefined;
}

/** All classes of a model with few, in their own order; of one with many the best, once there are any. */
function barsOf({ classes }: ModelDescription, found: ClassProbability[] | undefined): Bar[] {
  if (classes.length > fewClasses) return found ?? [];
  const probabilities = new Map(found?.map((one) => [one.class, one.probability]));
  return classes.map((one) => ({ ...one, probability: probabilities.get(one.class) }));
}

function Bars({ bars, best }: { bars: Bar[]; best: number | undefined }) {
  const isWide = bars.some(({ label }) => label.length > 2);
  return (
    <ul className={`bars num ${isWide ? 'wide' : ''}`}>
      {bars.map((bar) => (
        <li key={bar.class} className={bar.class === best ? 'top' : ''}>
          <span>{bar.label}</span>
          <b aria-hidden="true">
            <i style={{ width: `${(bar.probability ?? 0) * 100}%` }} />
          </b>
          <span>{bar.probability === undefined ? '' : formatShare(bar.probability)}</span>
        </li>
      ))}
    </ul>
  );
}
