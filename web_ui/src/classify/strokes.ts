/**
 * A drawing as strokes: what the pen did, independent of any screen. Coordinates are on a square field of 280, the width
 * of the pen on it is 22, so that a digit reduced to MNIST's 20 × 20 has strokes as wide as MNIST's.
 */

export const fieldSize = 280;
export const penWidth = 22;

export interface Point {
  x: number;
  y: number;
}

export type Stroke = readonly Point[];
export type Drawing = readonly Stroke[];

/** Points nearer than this to the one before add nothing but noise. */
const leastDistance = 2;

/** A stroke with the points that a pointer went through since; the same stroke where they are all too near. */
export function extendStroke(stroke: Stroke, points: Point[]): Stroke {
  const longer = [...stroke];
  for (const point of points) {
    const last = longer.at(-1);
    if (!last || Math.hypot(point.x - last.x, point.y - last.y) >= leastDistance) longer.push(clamp(point));
  }
  return longer.length === stroke.length ? stroke : longer;
}

/** What of a 2D context is needed to draw. */
export type Pen = Pick<CanvasPath, 'moveTo' | 'lineTo' | 'quadraticCurveTo'>;

/** Draws a stroke as a smooth line: curves from middle to middle, bent by the points between. */
export function traceStroke(pen: Pen, stroke: Stroke): void {
  const [first] = stroke;
  if (!first) return;
  pen.moveTo(first.x, first.y);
  for (let i = 1; i < stroke.length - 1; i++) {
    const [bend, next] = [stroke[i]!, stroke[i + 1]!];
    pen.quadraticCurveTo(bend.x, bend.y, (bend.x + next.x) / 2, (bend.y + next.y) / 2);
  }
  // Of a single point a line of no length: with round caps, a dot.
  const last = stroke.at(-1)!;
  pen.lineTo(last.x, last.y);
}

/** Half pixels of the field, two digits of base 36 for each coordinate. */
const steps = 2;
const leastKeptDistance = 5;

/** A drawing as text for an address: strokes apart by dots. Gives undefined for one too long for an address. */
export function encodeDrawing(drawing: Drawing, longest = 6_000): string | undefined {
  const text = drawing.map((stroke) => thinStroke(stroke).map(encodePoint).join('')).join('.');
  return text.length <= longest ? text : undefined;
}

/** The drawing that a text stands for; undefined for a text that is none. */
export function decodeDrawing(text: string): Drawing | undefined {
  if (!/^(?:[0-9a-z]{4})+(?:\.(?:[0-9a-z]{4})+)*$/.test(text)) return undefined;
  return text.split('.').map((stroke) => stroke.match(/.{4}/g)!.map(decodePoint));
}

/** The ends stay, and between them points with some distance. */
function thinStroke(stroke: Stroke): Stroke {
  const kept = stroke.slice(0, 1);
  for (const point of stroke.slice(1, -1)) {
    const last = kept.at(-1)!;
    if (Math.hypot(point.x - last.x, point.y - last.y) >= leastKeptDistance) kept.push(point);
  }
  return stroke.length > 1 ? [...kept, stroke.at(-1)!] : kept;
}

function encodePoint({ x, y }: Point): string {
  return [x, y]
    .map((value) =>
      Math.round(value * steps)
        .toString(36)
        .padStart(2, '0'),
    )
    .join('');
}

function decodePoint(text: string): Point {
  const [x, y] = [text.slice(0, 2), text.slice(2)].map((digits) => Number.parseInt(digits, 36) / steps);
  return clamp({ x: x!, y: y! });
}

function clamp({ x, y }: Point): Point {
  const within = (value: number) => Math.min(fieldSize, Math.max(0, value));
  return { x: within(x), y: within(y) };
}
