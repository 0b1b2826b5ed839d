/** Keeps what is drawn, or which sample was chosen, in the page's address, so that a link brings it back. */
import { useEffect } from 'react';
import type { ModelGroup } from '../api/model-groups.ts';
import { setHashParams, useHashParams } from '../shell/hash-location.ts';
import { blobOfDataUri } from './images.ts';
import { type Input, readInput, replaceInput, useInput } from './input.ts';
import { decodeDrawing, encodeDrawing } from './strokes.ts';

/** The address is written when the pen has rested for so long: browsers limit how often it may change. */
const restMs = 300;

/** Brings input and address together: what the address names is shown, and what is shown is named. */
export function useAddress(groups: ModelGroup[]): void {
  const input = useInput();
  const params = useHashParams();
  const [drawing, sample] = [params.get('drawing'), params.get('sample')];
  const isKnown = groups.length > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was drawn since must not be taken back
  useEffect(() => {
    const named = namesOf(readInput());
    if ((drawing ?? undefined) === named.drawing && (sample ?? undefined) === named.sample) return;
    const found = findInput(groups, drawing, sample);
    if (found) replaceInput(found);
  }, [drawing, sample, isKnown]);

  useEffect(() => {
    // A sample is only found once the models are known; until then its name has to stay.
    if (!isKnown && sample) return;
    const timer = setTimeout(() => {
      const named = namesOf(input);
      if ((drawing ?? undefined) !== named.drawing || (sample ?? undefined) !== named.sample) setHashParams(named);
    }, restMs);
    return () => clearTimeout(timer);
  }, [input, drawing, sample, isKnown]);
}

/** A sample as input. `place` is its dataset and its place among that one's samples. */
export function inputOfSample(groups: ModelGroup[], place: string): Input | undefined {
  const [dataset, index] = place.split(':');
  const sample = samplesOf(groups.find((group) => group.dataset === dataset))[Number(index)];
  if (!sample) return undefined;
  return { kind: 'image', blob: blobOfDataUri(sample.image), name: `Sample: ${sample.label}`, sample: place };
}

/** The samples of a dataset: those of the first of its models that has some. */
export function samplesOf(group: ModelGroup | undefined): { label: string; image: string }[] {
  return group?.models.find(({ samples }) => samples.length > 0)?.samples ?? [];
}

function findInput(groups: ModelGroup[], drawing: string | null, sample: string | null): Input | undefined {
  const decoded = drawing && decodeDrawing(drawing);
  if (decoded) return { kind: 'drawing', drawing: decoded };
  return sample ? inputOfSample(groups, sample) : undefined;
}

function namesOf(input: Input): { drawing: string | undefined; sample: string | undefined } {
  return {
    drawing: input.kind === 'drawing' ? encodeDrawing(input.drawing) : undefined,
    sample: input.kind === 'image' ? input.sample : undefined,
  };
}
