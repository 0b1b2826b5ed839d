import { useEffect, useRef, useState } from 'react';
import type { ApiError } from '../api/api-error.ts';
import { call, readJson } from '../api/client.ts';
import type { PredictAnswer } from '../api/predictions.ts';
import { pngOfDrawing } from './images.ts';
import type { Input } from './input.ts';
import { createLatestOnly, type LatestOnly } from './latest-only.ts';

/** What one model says of the input. */
export interface ModelAnswer {
  /** The latest answer; it stays while newer ones are on their way, or cannot be had. */
  answer?: PredictAnswer;
  /** Why the newest input has no answer. */
  error?: ApiError;
}

type Something = Exclude<Input, { kind: 'nothing' }>;

/** What models say of an input, one answer after the other while it changes. Each model is asked by itself. */
export function usePredictions(input: Input, models: string[]): Record<string, ModelAnswer> {
  const [answers, setAnswers] = useState<Record<string, ModelAnswer>>({});
  const senders = useRef(new Map<string, LatestOnly<Something>>());
  const names = models.join();

  useEffect(() => {
    const tell = (model: string, change: ModelAnswer) =>
      setAnswers((all) => ({ ...all, [model]: { ...all[model], ...change } }));
    const current = names.split(',').filter((name) => name !== '');
    for (const model of current) {
      senders.current.set(
        model,
        createLatestOnly<Something, PredictAnswer>({
          send: (something, signal) => predict(model, something, signal),
          onAnswer: (answer) => tell(model, { answer, error: undefined as never }),
          onError: (error) => tell(model, { error }),
        }),
      );
    }
    return () => {
      for (const sender of senders.current.values()) sender.clear();
      senders.current.clear();
      setAnswers({});
    };
  }, [names]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: other models are to be asked about the same input
  useEffect(() => {
    if (input.kind === 'nothing') setAnswers({});
    for (const sender of senders.current.values()) {
      if (input.kind === 'nothing') sender.clear();
      else sender.submit(input);
    }
  }, [input, names]);

  return answers;
}

async function predict(model: string, input: Something, signal: AbortSignal): Promise<PredictAnswer> {
  const body = input.kind === 'drawing' ? await pngOf(input) : input.blob;
  // Not by its own name: that was guessed from the file's ending, and the service judges by the bytes.
  const headers = { 'content-type': 'application/octet-stream' };
  return readJson(await call(`/predict/${model}?preview=true`, { method: 'POST', body, headers, signal }), signal);
}

/** Several models look at the same drawing. */
const pngs = new WeakMap<Something, Promise<Blob>>();

function pngOf(input: Something & { kind: 'drawing' }): Promise<Blob> {
  const png = pngs.get(input) ?? pngOfDrawing(input.drawing);
  pngs.set(input, png);
  return png;
}
