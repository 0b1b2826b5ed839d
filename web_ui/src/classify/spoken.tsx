import { useEffect, useState } from 'react';
import { formatShare } from '../parts/format.ts';
import type { ModelAnswer } from './use-predictions.ts';

/** Answers change many times a second while somebody draws; they are read out when they have come to rest. */
const restMs = 900;

/** The answers for a screen reader. */
export function Spoken({ answers }: { answers: ModelAnswer[] }) {
  const text = answers.map(describe).filter(Boolean).join('; ');
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), restMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}

function describe({ answer }: ModelAnswer): string {
  const best = answer?.predictions[0]?.classes[0];
  return best ? `${answer.model}: ${best.label}, ${formatShare(best.probability)} sure` : '';
}
