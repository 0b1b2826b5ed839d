import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { colourOf } from '../theme/theme.ts';
import { drawInk } from './draw.ts';
import { type Input, nothing, readInput, replaceInput, setInput, undo } from './input.ts';
import { type Drawing, extendStroke, fieldSize, type Point } from './strokes.ts';

/** How far an arrow key moves the pen; with Shift, further. */
const keyStep = 8;
const keyLeap = 24;
/** An image of fewer pixels is shown as pixels. */
const smallWidth = 64;
const arrows: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const drawingOf = (input: Input): Drawing => (input.kind === 'drawing' ? input.drawing : []);

/** Goes on with the last stroke, or begins one. */
function draw(points: Point[], isNew: boolean): void {
  const before = drawingOf(readInput());
  const rest = isNew ? before : before.slice(0, -1);
  const stroke = isNew ? [] : before.at(-1);
  if (!stroke) return;
  const longer = extendStroke(stroke, points);
  if (longer === stroke) return;
  const next: Input = { kind: 'drawing', drawing: [...rest, longer] };
  if (isNew) setInput(next);
  else replaceInput(next);
}

/** The field to draw on, with mouse, pen, finger or the arrow keys; or the image that was chosen. */
export function Field({ input, hint }: { input: Input; hint: string }) {
  const pointer = useRef<number>(undefined);
  const [keyPen, setKeyPen] = useState<Point & { isDown: boolean }>();

  const down = (event: PointerEvent<HTMLCanvasElement>) => {
    if (pointer.current !== undefined || event.button !== 0) return;
    pointer.current = event.pointerId;
    event.currentTarget.setPointerCapture(event.pointerId);
    setKeyPen(undefined);
    draw([pointOf(event.nativeEvent, event.currentTarget)], true);
  };
  const move = (event: PointerEvent<HTMLCanvasElement>) => {
    if (pointer.current !== event.pointerId) return;
    const field = event.currentTarget;
    const all = event.nativeEvent.getCoalescedEvents?.() ?? [];
    const moves = all.length > 0 ? all : [event.nativeEvent];
    draw(
      moves.map((one) => pointOf(one, field)),
      false,
    );
  };
  const up = (event: PointerEvent) => {
    if (pointer.current === event.pointerId) pointer.current = undefined;
  };
  const press = (event: KeyboardEvent) => {
    const next = pressKey(event, keyPen);
    if (!next) return;
    event.preventDefault();
    setKeyPen(next);
  };

  return (
    <div
      className="field"
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
      tabIndex={0}
      aria-label="Field to draw on"
      aria-describedby="field-keys"
      onKeyDown={press}
      onBlur={() => setKeyPen(undefined)}
    >
      <Ink drawing={drawingOf(input)} handlers={{ down, move, up }} />
      {input.kind === 'image' && <Picture key={input.name} input={input} />}
      {input.kind === 'nothing' && !keyPen && (
        <p className="field-hint" aria-hidden="true">
          {hint}
        </p>
      )}
      {keyPen && (
        <i
          className={`key-pen ${keyPen.isDown ? 'down' : ''}`}
          style={{ left: `${(keyPen.x / fieldSize) * 100}%`, top: `${(keyPen.y / fieldSize) * 100}%` }}
        />
      )}
    </div>
  );
}

/** What a key does to the pen that the keyboard moves; undefined for a key that is not the field's. */
function pressKey(event: KeyboardEvent, pen = { x: fieldSize / 2, y: fieldSize / 2, isDown: false }) {
  const arrow = arrows[event.key];
  if (arrow) {
    const far = event.shiftKey ? keyLeap : keyStep;
    const within = (value: number) => Math.min(fieldSize, Math.max(0, value));
    const next = { ...pen, x: within(pen.x + arrow[0] * far), y: within(pen.y + arrow[1] * far) };
    if (pen.isDown) draw([next], false);
    return next;
  }
  if (event.key === ' ' || event.key === 'Enter') {
    if (!pen.isDown) draw([pen], true);
    return { ...pen, isDown: !pen.isDown };
  }
  if (event.key === 'Backspace') {
    undo();
    return { ...pen, isDown: false };
  }
  if (event.key === 'Delete') {
    if (readInput().kind !== 'nothing') setInput(nothing);
    return { ...pen, isDown: false };
  }
  return undefined;
}

interface Handlers {
  down: (event: PointerEvent<HTMLCanvasElement>) => void;
  move: (event: PointerEvent<HTMLCanvasElement>) => void;
  up: (event: PointerEvent<HTMLCanvasElement>) => void;
}

function Ink({ drawing, handlers }: { drawing: Drawing; handlers: Handlers }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = Math.min(3, Math.max(1, Math.ceil(window.devicePixelRatio)));
  useLayoutEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    drawInk(context, drawing, { paper: colourOf('--paper'), ink: colourOf('--chalk') });
  }, [drawing, scale]);
  return (
    <canvas
      ref={canvas}
      width={fieldSize * scale}
      height={fieldSize * scale}
      onPointerDown={handlers.down}
      onPointerMove={handlers.move}
      onPointerUp={handlers.up}
      onPointerCancel={handlers.up}
    />
  );
}

/** An image as it was given; its name where this browser cannot show it. */
function Picture({ input: { blob, name } }: { input: Input & { kind: 'image' } }) {
  const [url, setUrl] = useState<string>();
  const [isShown, setShown] = useState(true);
  const [isSmall, setSmall] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    setShown(true);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  if (!url) return null;
  if (!isShown) return <p className="field-hint picture">{name}</p>;
  return (
    <img
      className={`picture ${isSmall ? 'pixels' : ''}`}
      src={url}
      alt={name}
      draggable={false}
      onLoad={({ currentTarget }) => setSmall(currentTarget.naturalWidth < smallWidth)}
      onError={() => setShown(false)}
    />
  );
}

/** Where on the field of 280 × 280 a pointer is, however large it is on screen. */
function pointOf({ clientX, clientY }: { clientX: number; clientY: number }, field: HTMLElement): Point {
  const { left, top, width, height } = field.getBoundingClientRect();
  return { x: ((clientX - left) / width) * fieldSize, y: ((clientY - top) / height) * fieldSize };
}
