import './valid-language.ts';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import { colourOf, onColoursChanged } from '../theme/theme.ts';
import { type CurvePoint, describeCurve, thin, writeTicks } from './curve-points.ts';

interface CurveProps {
  /** What the values are, e.g. `loss`; for screen readers and the value under the pointer. */
  label: string;
  points: CurvePoint[];
  /** The colour token of the line, e.g. `--free`. */
  colour: string;
  /** How far the axis reaches from the start, in epochs; it follows the points where they go on. */
  epochs: number;
  height?: number;
}

/** More points than this cannot be told apart on screen. */
const mostPoints = 300;

/** The steps between two lines of the grid that are easy to read. */
const increments = [0.001, 0.002, 0.005].flatMap((step) => [1, 10, 100, 1_000, 10_000].map((factor) => step * factor));
increments.sort((a, b) => a - b);

/** A curve of a value over the epochs, which goes on while points arrive. */
export function Curve({ label, points, colour, epochs, height = 180 }: CurveProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const latest = useRef(points);
  latest.current = points;
  const [pointed, setPointed] = useState<CurvePoint>();

  useEffect(() => {
    const element = frame.current!;
    const draw = () => {
      plot.current?.destroy();
      const options = plotOptions({ element, colour, epochs, height, onPoint: setPointed });
      plot.current = new UPlot(options, columnsOf(latest.current), element);
    };
    draw();
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    const stopColours = onColoursChanged(draw);
    return () => {
      stopColours();
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [colour, epochs, height]);

  useEffect(() => plot.current?.setData(columnsOf(points)), [points]);

  return (
    <div className="curve">
      <div ref={frame} role="img" aria-label={describeCurve(label, points)} style={{ height }} />
      <div className="curve-value quiet num" aria-hidden="true">
        {pointed ? `epoch ${pointed.x.toFixed(2)} · ${label} ${pointed.y.toFixed(4)}` : `${label} by epoch`}
      </div>
    </div>
  );
}

function columnsOf(points: CurvePoint[]): UPlot.AlignedData {
  const shown = thin(points, mostPoints);
  return [shown.map(({ x }) => x), shown.map(({ y }) => y)];
}

interface PlotOptions extends Pick<CurveProps, 'colour' | 'epochs'> {
  element: HTMLElement;
  height: number;
  onPoint: (point: CurvePoint | undefined) => void;
}

function plotOptions({ element, colour, epochs, height, onPoint }: PlotOptions): UPlot.Options {
  const line = colourOf(colour, element);
  const axis = {
    stroke: colourOf('--quiet', element),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    ticks: { show: false },
  };
  const grid = { stroke: colourOf('--grid', element), width: 1 };
  const isLast: UPlot.Series.Points.Filter = (u) => [u.data[0].length - 1];
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: (_, __, max) => [0, Math.max(epochs, Number.isFinite(max) ? max : 0)] },
      y: { range: (_, __, max) => [0, Math.max(0.1, (Number.isFinite(max) ? max : 0.9) * 1.05)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 24, gap: 4, incrs: [1, 2, 5, 10] },
      {
        ...axis,
        grid,
        size: 40,
        gap: 6,
        space: 24,
        incrs: increments,
        values: (_, ticks, __, ___, step) => writeTicks(ticks, step),
      },
    ],
    series: [{}, { stroke: line, width: 2, points: { show: true, filter: isLast, size: 7, fill: line, stroke: line } }],
    hooks: {
      setCursor: [
        ({ cursor: { idx }, data }) => {
          const [x, y] = [data[0][idx ?? -1], data[1]?.[idx ?? -1]];
          onPoint(x == null || y == null ? undefined : { x, y });
        },
      ],
    },
  };
}
