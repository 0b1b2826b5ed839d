import { type Drawing, fieldSize, penWidth, traceStroke } from './strokes.ts';

/** Draws a whole drawing on a context whose field is 280 × 280, over whatever was there. */
export function drawInk(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  drawing: Drawing,
  { paper, ink }: { paper: string; ink: string },
): void {
  context.fillStyle = paper;
  context.fillRect(0, 0, fieldSize, fieldSize);
  context.strokeStyle = ink;
  context.lineWidth = penWidth;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  for (const stroke of drawing) traceStroke(context, stroke);
  context.stroke();
}
