import './confusion-matrix.css';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { type Cell, cellOf, commonMistakes, describeCell, shadeOf } from './confusion.ts';

interface ConfusionMatrixProps {
  matrix: number[][];
  labels: string[];
  /** The colour token of the network. */
  colour: string;
}

const steps: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Which class was taken for which. The cell under the pointer, or that the arrow keys have come to, is told in words. */
export function ConfusionMatrix({ matrix, labels, colour }: ConfusionMatrixProps) {
  const [pointed, setPointed] = useState<Cell>();
  const [[row, column], setPlace] = useState<[number, number]>([0, 0]);
  const grid = useRef<HTMLTableElement>(null);
  const captionId = useId();
  const [worst] = commonMistakes(matrix, 1);
  const size = matrix.length;

  const press = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const within = (value: number) => Math.min(size - 1, Math.max(0, value));
    const place: [number, number] = [within(row + step[0]), within(column + step[1])];
    setPlace(place);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${place.join()}"]`)?.focus();
  };

  return (
    <div className="confusion">
      <table
        ref={grid}
        className="confusion-grid"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the arrow keys go through its cells
        role="grid"
        aria-label="Confusion matrix: rows are true classes, columns what they were taken for"
        aria-describedby={captionId}
        onKeyDown={press}
        onPointerLeave={() => setPointed(undefined)}
      >
        <tbody>
          {matrix.map((counts, actual) => (
            <tr key={labels[actual]}>
              <th scope="row" className={pointed?.actual === actual ? 'pointed' : ''}>
                {labels[actual]}
              </th>
              {counts.map((_, predicted) => {
                const cell = cellOf(matrix, actual, predicted);
                const share = shadeOf(cell, worst?.count ?? 0) * 100;
                return (
                  <td
                    key={labels[predicted]}
                    data-cell={`${actual},${predicted}`}
                    tabIndex={actual === row && predicted === column ? 0 : -1}
                    aria-label={describeCell(cell, labels)}
                    style={{ background: `color-mix(in srgb, var(${colour}) ${share.toFixed(1)}%, var(--grid))` }}
                    onPointerEnter={() => setPointed(cell)}
                    onFocus={() => {
                      setPlace([actual, predicted]);
                      setPointed(cell);
                    }}
                    onBlur={() => setPointed(undefined)}
                  />
                );
              })}
            </tr>
          ))}
        </tbody>
        <tfoot aria-hidden="true">
          <tr>
            <td />
            {labels.map((label, predicted) => (
              <td key={label} className={pointed?.predicted === predicted ? 'pointed' : ''}>
                {label}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
      <p id={captionId} className="confusion-caption num">
        {pointed
          ? describeCell(pointed, labels)
          : worst
            ? `Worst: ${describeCell(worst, labels)}`
            : 'No mistake at all'}
      </p>
    </div>
  );
}
