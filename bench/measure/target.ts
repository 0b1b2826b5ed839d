// Targets and whether they are met, for the reports' tables.

/** A bound on a measured value. */
export type Target = { atMost: number } | { atLeast: number };

/** The bound as text, e.g. `≤ 0.2 s`. */
export function describeTarget(target: Target, unit = ''): string {
  const [sign, bound] = 'atMost' in target ? ['≤', target.atMost] : ['≥', target.atLeast];
  return `${sign} ${bound}${unit}`;
}

/** Whether a value keeps within its bound; one that could not be measured does not. */
export function verdict(value: number, target: Target): 'met' | 'missed' {
  const isMet = 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
  return isMet ? 'met' : 'missed';
}
