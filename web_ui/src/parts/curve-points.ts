/** A point of a curve: x in epochs, with fractions. */
export interface CurvePoint {
  x: number;
  y: number;
}

/** Where a step of training lies on the axis of epochs. */
export function epochOf({ epoch, step, steps }: { epoch: number; step: number; steps: number }): number {
  return epoch - 1 + step / steps;
}

/** At most so many of the points, evenly chosen; the first and the last stay. */
export function thin(points: CurvePoint[], most: number): CurvePoint[] {
  if (points.length <= most) return points;
  const stride = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => points[Math.round(index * stride)]!);
}

/** A curve in words. */
export function describeCurve(label: string, points: CurvePoint[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return `${label} by epoch: no points yet`;
  if (points.length === 1) return `${label} by epoch: ${first.y.toFixed(3)} at epoch ${first.x.toFixed(1)}`;
  return `${label} by epoch: from ${first.y.toFixed(3)} to ${last.y.toFixed(3)} at epoch ${last.x.toFixed(1)}`;
}

/** The values at the lines of a grid with as many digits as the step between them has, at least one. */
export function writeTicks(ticks: number[], step: number): string[] {
  const digits = Math.max(1, Math.ceil(-Math.log10(step) - 1e-9));
  return ticks.map((tick) => tick.toFixed(digits));
}
