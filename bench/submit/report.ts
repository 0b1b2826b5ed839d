// The rounds as tables.

import { medianRatio } from '../measure/median-ratio.ts';
import { describeTarget, verdict } from '../measure/target.ts';
import { markdownTable, median } from '../table.ts';
import type { ContestantName } from './contestants.ts';
import type { Round } from './round.ts';

const titles: Record<ContestantName, string> = {
  mesh: 'ml-job-mesh: Envoy, Envoy, tier',
  straight: '(a) straight at the API server',
  flask: '(b) Flask, its own server',
  gunicorn: 'Flask, gunicorn 2 × 8',
};

const targets = { straight: { atLeast: 0.7 }, flask: { atLeast: 2 } };

/** What the contestants did, and how the mesh compares, in Markdown. */
export function report(rounds: readonly Round[]): string {
  const names = Object.keys(titles) as ContestantName[];
  const middle = (name: ContestantName, of: (round: Round) => number) =>
    median(rounds.filter(({ contestant }) => contestant === name).map(of));
  const columns = ['', 'jobs/s', 'median ms', 'p99 ms', 'failed', 'CPU ms/job: service', 'control plane', 'client'];
  const rows = names.map((name) => [
    titles[name],
    middle(name, (round) => round.perSecond).toFixed(0),
    middle(name, (round) => round.medianMs).toFixed(1),
    middle(name, (round) => round.p99Ms).toFixed(1),
    String(rounds.reduce((sum, round) => sum + (round.contestant === name ? round.failures : 0), 0)),
    middle(name, (round) => round.cpuMs.service).toFixed(2),
    middle(name, (round) => round.cpuMs.controlPlane).toFixed(2),
    middle(name, (round) => round.cpuMs.client).toFixed(2),
  ]);
  const rates = (name: ContestantName) =>
    rounds.filter(({ contestant }) => contestant === name).map(({ perSecond }) => perSecond);
  const compared = (['straight', 'flask'] as const).map((name) => {
    const ratio = medianRatio(rates('mesh'), rates(name));
    return [
      `jobs/s, mesh / ${titles[name]}`,
      ratio.toFixed(2),
      describeTarget(targets[name]),
      verdict(ratio, targets[name]),
    ];
  });
  const allCpuMs = (name: ContestantName) =>
    middle(name, ({ cpuMs: { service, controlPlane, client } }) => service + controlPlane + client);
  compared.push([
    'CPU of all processes for a job, (a) / mesh',
    (allCpuMs('straight') / allCpuMs('mesh')).toFixed(2),
    '',
    '',
  ]);
  compared.push([
    'jobs/s, mesh / Flask, gunicorn 2 × 8',
    medianRatio(rates('mesh'), rates('gunicorn')).toFixed(2),
    '',
    '',
  ]);
  return `${markdownTable(columns, rows)}\n\n${markdownTable(['', 'ratio', 'target', ''], compared)}`;
}
