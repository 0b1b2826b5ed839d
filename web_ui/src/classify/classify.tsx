import './classify.css';
import { useEffect, useMemo, useState } from 'react';
import { groupModels, type ModelGroup } from '../api/model-groups.ts';
import type { ModelDescription } from '../api/predictions.ts';
import { type Answer, useJson } from '../api/queries.ts';
import { Away, Empty, Loading } from '../parts/states.tsx';
import { setHashParams, useHashParams } from '../shell/hash-location.ts';
import { useAddress } from './address.ts';
import { AnswerPanel } from './answer-panel.tsx';
import { isPhoto } from './images.ts';
import { useInput } from './input.ts';
import { InputPanel } from './input-panel.tsx';
import { Spoken } from './spoken.tsx';
import { usePredictions } from './use-predictions.ts';

/** New versions and models are noticed within so long. */
const refetchMs = 10_000;

/** Draw or choose something, and see what the networks make of it. */
export function Classify() {
  const found = useJson<{ models: ModelDescription[] }>('/models', { refetchMs });
  const groups = useMemo(() => groupModels(found.data?.models ?? []), [found.data]);
  const input = useInput();
  useAddress(groups);
  const group = useGroup(groups);
  const answers = usePredictions(input, group?.models.map(({ name }) => name) ?? []);

  return (
    <>
      <ServiceState {...found} />
      <div className="columns classify">
        <InputPanel input={input} groups={groups} group={group} answers={answers} />
        {group && (
          <div className="columns answers">
            {group.models.map((model) => (
              <AnswerPanel key={model.name} model={model} {...answers[model.name]} />
            ))}
          </div>
        )}
        {!found.data && !found.outage && <Loading what="models" />}
      </div>
      <Spoken answers={group?.models.map(({ name }) => answers[name] ?? {}) ?? []} />
    </>
  );
}

/** What there is to say where the models cannot be had, or there are none. */
function ServiceState({ data, outage }: Answer<{ models: ModelDescription[] }>) {
  const isMissing = data?.models.length === 0 || outage?.error.code === 'not_ready';
  if (isMissing)
    return (
      <Empty title="There is no model yet">
        The training Job publishes its networks as soon as they are trained, and this page shows them by itself. Draw
        something meanwhile; it will be looked at then.
      </Empty>
    );
  return outage ? <Away what="The prediction service" outage={outage} /> : null;
}

/** The models that look at the input: those that the address names, or that fit what the input is. */
function useGroup(groups: ModelGroup[]): ModelGroup | undefined {
  const input = useInput();
  const chosen = useHashParams().get('dataset');
  const group = groups.find(({ dataset }) => dataset === chosen) ?? groups[0];
  const [judged, setJudged] = useState<unknown>();

  useEffect(() => {
    if (input.kind === 'nothing' || input === judged || !group) return;
    let isCurrent = true;
    const choose = (preparation: ModelGroup['preparation']) => {
      const fitting = groups.find((one) => one.preparation === preparation);
      setJudged(input);
      if (fitting && group.preparation !== preparation) setHashParams({ dataset: fitting.dataset });
    };
    if (input.kind === 'drawing') {
      if (input.drawing.length === 1) choose('digit');
    } else if (input.sample === undefined) {
      void isPhoto(input.blob).then((answer) => isCurrent && choose(answer ? 'photo' : 'digit'));
    }
    return () => {
      isCurrent = false;
    };
  }, [input, judged, group, groups]);

  return group;
}
