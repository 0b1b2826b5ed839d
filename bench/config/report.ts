// The measurements as tables.
import { medianRatio } from '../measure/median-ratio.ts';
import { describeTarget, type Target, verdict } from '../measure/target.ts';
import { markdownTable } from '../table.ts';
import type { Measured, ReaderName } from './measure-size.ts';

const titles: Record<ReaderName, string> = {
  mesh: 'ml-job-mesh',
  listing: '(b) Flask, listing each time',
  memory: '(c) Fastify, bytes from memory',
};

/** The size at which the ratio to (b) has a target. */
const comparedSize = 1_000;

/** What each did, and how the mesh compares, in Markdown. */
export function report(measured: readonly Measured[]): string {
  const columns = [
    '',
    'pods and jobs',
    'answer kB',
    'requests/s',
    'p99 ms',
    'CPU ms/request',
    'API calls/request',
    'RSS MB',
  ];
  const rows = measured.map((each) => [
    `\`${each.path}\`, ${titles[each.reader]}`,
    String(each.size),
    each.reader === 'listing' ? '' : (each.answerBytes / 1_000).toFixed(1),
    each.perSecond.toFixed(each.perSecond < 100 ? 2 : 0),
    each.p99Ms.toFixed(0),
    each.cpuMsPerRequest.toFixed(3),
    each.apiCallsPerRequest.toFixed(2),
    (each.residentBytes / 1e6).toFixed(0),
  ]);
  const of = (reader: ReaderName, { size, path }: Measured) =>
    measured.find((each) => each.reader === reader && each.size === size && each.path === path)!;
  const compared = measured
    .filter(({ reader }) => reader === 'mesh')
    .flatMap((mesh) => {
      const what = (text: string) => `\`${mesh.path}\`, ${mesh.size}: ${text}`;
      const toMemory = medianRatio(mesh.turns, of('memory', mesh).turns);
      const toListing = medianRatio(mesh.turns, of('listing', mesh).turns);
      return [
        line(what('requests/s, mesh / (c)'), toMemory, 2, { atLeast: 0.7 }),
        line(what('requests/s, mesh / (b)'), toListing, 0, mesh.size === comparedSize ? { atLeast: 300 } : undefined),
        line(what('API calls per request'), mesh.apiCallsPerRequest, 2, { atMost: 0 }),
      ];
    });
  return `${markdownTable(columns, rows)}\n\n${markdownTable(['', 'measured', 'target', ''], compared)}`;
}

function line(what: string, value: number, digits: number, target?: Target): string[] {
  const shown = value.toFixed(digits);
  return [what, shown, ...(target ? [describeTarget(target), verdict(Number(shown), target)] : ['', ''])];
}
