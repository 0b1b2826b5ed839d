// The measurements as tables.
import { medianRatio } from '../measure/median-ratio.ts';
import { describeTarget, type Target, verdict } from '../measure/target.ts';
import { markdownTable, median, quantile } from '../table.ts';
import type { ContestantName } from './contestants.ts';
import { inTimeMs, type OverloadResult } from './overload.ts';
import type { Form, Turn } from './rounds.ts';

/** What the processes of a service hold, in bytes: all of it, and with what is shared counted by its part. */
export interface Memory {
  resident: number;
  proportional: number;
}

const titles: Record<ContestantName, string> = {
  mesh: 'ml-job-mesh',
  torch: '(a) FastAPI, PyTorch',
  onnxruntime: '(b) FastAPI, ONNX Runtime',
  bentoml: '(c) BentoML, ONNX Runtime',
};

const targets: Record<Exclude<ContestantName, 'mesh'>, Target> = {
  torch: { atLeast: 3 },
  onnxruntime: { atLeast: 1 },
  bentoml: { atLeast: 1 },
};

const forms: Record<Form, string> = { form: 'form', bytes: 'bytes alone' };

/** What each did at each number of connections, and how the mesh compares, in Markdown. */
export function reportRounds(turns: readonly Turn[], memory: ReadonlyMap<ContestantName, Memory>): string {
  const columns = ['', 'connections', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms/request', 'RSS MB', 'PSS MB'];
  const groups = Object.values(Object.groupBy(turns, (turn) => `${turn.form} ${turn.connections} ${turn.contestant}`));
  const rows = groups.map((group) => {
    const { contestant, form, connections } = group![0]!;
    const latencies = group!.flatMap(({ latenciesMs }) => latenciesMs);
    const { resident, proportional } = memory.get(contestant)!;
    return {
      order: [form === 'form' ? 0 : 1, connections, Object.keys(titles).indexOf(contestant)],
      cells: [
        `${forms[form]}: ${titles[contestant]}`,
        String(connections),
        median(group!.map(({ perSecond }) => perSecond)).toFixed(0),
        quantile(latencies, 0.5).toFixed(2),
        quantile(latencies, 0.99).toFixed(1),
        median(group!.map(({ cpuMs }) => cpuMs)).toFixed(2),
        (resident / 1e6).toFixed(0),
        (proportional / 1e6).toFixed(0),
      ],
    };
  });
  const sorted = rows.sort((a, b) => compare(a.order, b.order)).map(({ cells }) => cells);
  return `${markdownTable(columns, sorted)}\n\n${markdownTable(['requests/s', 'ratio', 'target', ''], compared(turns))}`;
}

function compared(turns: readonly Turn[]): string[][] {
  const rates = (contestant: ContestantName, form: Form, connections: number) =>
    turns
      .filter((turn) => turn.contestant === contestant && turn.form === form && turn.connections === connections)
      .map(({ perSecond }) => perSecond);
  const all = [...new Set(turns.map(({ connections }) => connections))].sort((a, b) => a - b);
  return (['form', 'bytes'] as const).flatMap((form) =>
    (['torch', 'onnxruntime', 'bentoml'] as const).flatMap((other) =>
      all
        .filter((connections) => rates(other, form, connections).length > 0)
        .map((connections) => {
          const ratio = medianRatio(rates('mesh', form, connections), rates(other, form, connections));
          const what = `${forms[form]}, ${connections} connections: mesh / ${titles[other]}`;
          return [what, ratio.toFixed(2), describeTarget(targets[other]), verdict(ratio, targets[other])];
        }),
    ),
  );
}

/** What came of the overload, in Markdown. */
export function reportOverload(result: OverloadResult): string {
  const { capacity, offered, goodput, worstSecond, answeredMs, failures, recovery, pings } = result;
  const share = (value: number) => `${((100 * value) / capacity).toFixed(0)} %`;
  const failed = [...failures].map(([failure, count]) => `${failure}: ${count}`).join('; ');
  const rows = [
    ['capacity: answered to 32 connections', `${capacity.toFixed(0)}/s`, '', ''],
    ['offered, whether it answers or not', `${offered.toFixed(0)}/s`, '', ''],
    [`answered 200 within ${inTimeMs / 1_000} s`, `${goodput.toFixed(0)}/s`, '', ''],
    [
      'of the capacity',
      share(goodput),
      describeTarget({ atLeast: 80 }, ' %'),
      verdict(goodput / capacity, { atLeast: 0.8 }),
    ],
    ['of the capacity, in the worst second', share(worstSecond), '', ''],
    ['latency of what was answered: median', `${quantile(answeredMs, 0.5).toFixed(0)} ms`, '', ''],
    ['99th percentile', `${quantile(answeredMs, 0.99).toFixed(0)} ms`, '', ''],
    [
      '`/ping` failed, or took a second',
      `${pings.failed} of ${pings.sent}`,
      describeTarget({ atMost: 0 }),
      verdict(pings.failed, { atMost: 0 }),
    ],
    ['`/ping`: 99th percentile', `${quantile(pings.latenciesMs, 0.99).toFixed(0)} ms`, '', ''],
    [
      'afterwards, as before after',
      `${recovery.seconds} s`,
      describeTarget({ atMost: 15 }, ' s'),
      verdict(recovery.seconds, { atMost: 15 }),
    ],
    ['99th percentile before, at half the capacity', `${recovery.beforeP99Ms.toFixed(1)} ms`, '', ''],
    ['99th percentile afterwards', `${recovery.afterP99Ms.toFixed(1)} ms`, '', ''],
  ];
  return `${markdownTable(['', 'measured', 'target', ''], rows)}\n\nNot answered: ${failed || 'none'}.`;
}

function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((value, i) => value - b[i]!).find((difference) => difference !== 0) ?? 0;
}
