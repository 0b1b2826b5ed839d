// Draws what an autoscaler did as an SVG: four curves over one axis of time.
import type { AutoscalingSeries, Second } from '../../container_rig/checks/autoscaling/series.ts';

interface Curve {
  of: (second: Second) => number | null;
  colour: string;
  /** Said beside its end, where a panel has several. */
  name?: string;
  /** Goes up and down in steps, as a count does. */
  steps?: boolean;
}

interface Panel {
  title: string;
  curves: Curve[];
}

const [width, panelHeight, gap, left, right, top] = [760, 110, 42, 60, 60, 34];
const plotWidth = width - left - right;

const panels: Panel[] = [
  { title: 'calls answered a second', curves: [{ of: ({ answered }) => answered, colour: '#3b6fb6' }] },
  { title: 'pods ready', curves: [{ of: ({ pods }) => pods, colour: '#2f7d4f', steps: true }] },
  {
    title: 'CPU a pod, thousandths, as the autoscaler reads it',
    curves: [{ of: ({ cpuMillis }) => cpuMillis, colour: '#8a5a00', steps: true }],
  },
  {
    title: 'a call takes, in milliseconds',
    curves: [
      { of: ({ medianMs }) => medianMs, colour: '#3b6fb6', name: 'median' },
      { of: ({ p95Ms }) => p95Ms, colour: '#b5473c', name: '95 %' },
    ],
  },
];

/** A round number that is at least as great. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((candidate) => candidate >= value)!;
}

/** The SVG's text. */
export function drawAutoscaling({ service, load, seconds }: AutoscalingSeries): string {
  const x = (second: number) => left + (second / Math.max(seconds.length - 1, 1)) * plotWidth;
  const height = top + panels.length * (panelHeight + gap) + 10;
  const bottom = top + (panels.length - 1) * (panelHeight + gap) + panelHeight;
  const minutes = Array.from({ length: Math.floor(seconds.length / 30) + 1 }, (_, i) => i * 30);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${service} under load: calls, pods, CPU and latency over time</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<rect x="${x(load.from).toFixed(1)}" y="${top}" width="${(x(load.to) - x(load.from)).toFixed(1)}" height="${bottom - top}" fill="#f1efe8"/>`,
    `<text x="${x((load.from + load.to) / 2)}" y="${top - 18}" text-anchor="middle" fill="#555555">under load</text>`,
    ...panels.map((panel, i) => drawPanel(panel, seconds, x, top + i * (panelHeight + gap))),
    ...minutes.map(
      (at) => `<text x="${x(at).toFixed(1)}" y="${bottom + 18}" text-anchor="middle" fill="#555555">${at} s</text>`,
    ),
    '</svg>',
  ].join('\n');
}

function drawPanel({ title, curves }: Panel, seconds: Second[], x: (second: number) => number, y0: number): string {
  const values = curves.flatMap(({ of }) => seconds.map(of)).filter((value) => value !== null);
  const greatest = roundUp(Math.max(1, ...values));
  const y = (value: number) => y0 + panelHeight - (value / greatest) * panelHeight;
  const lines = [0, greatest / 2, greatest].map(
    (value) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}" stroke="#dddddd"/>` +
      `<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end" fill="#555555">${value}</text>`,
  );
  const drawn = curves.map(({ of, colour, name, steps }) => {
    const last = seconds.findLastIndex((second) => of(second) !== null);
    const label =
      name && last >= 0
        ? `<text x="${x(last) + 5}" y="${y(of(seconds[last]!)!) + 4}" fill="${colour}">${name}</text>`
        : '';
    return `<path d="${pathOf(seconds.map(of), x, y, steps)}" fill="none" stroke="${colour}" stroke-width="1.6"/>${label}`;
  });
  return [`<text x="${left}" y="${y0 - 6}" fill="#222222">${title}</text>`, ...lines, ...drawn].join('\n');
}

/** A line through the values, broken where there is none. */
function pathOf(
  values: (number | null)[],
  x: (i: number) => number,
  y: (value: number) => number,
  steps = false,
): string {
  let path = '';
  values.forEach((value, i) => {
    if (value === null) return;
    const point = `${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    const follows = i > 0 && values[i - 1] !== null;
    path += !follows ? `M${point}` : steps ? `H${x(i).toFixed(1)}V${y(value).toFixed(1)}` : `L${point}`;
  });
  return path;
}
