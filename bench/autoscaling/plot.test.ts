import { expect, test } from 'vitest';
import { drawAutoscaling } from './plot.ts';

test('a drawing has a curve for each figure, broken where there was none, over the time of the load', () => {
  const second = { answered: 10, medianMs: 20, p95Ms: 40, pods: 1, cpuMillis: 700 };
  const silent = { ...second, answered: 0, medianMs: null, p95Ms: null };
  const svg = drawAutoscaling({
    service: 'ml-backend',
    load: { from: 1, to: 3 },
    seconds: [silent, second, second, silent, second],
  });
  const paths = [...svg.matchAll(/<path d="([^"]+)"/g)].map(([, path]) => path!);
  expect(paths.map((path) => path.match(/M/g)!.length)).toEqual([1, 1, 1, 2, 2]);
  expect(paths[0]).toBe('M60.0 144.0L220.0 34.0L380.0 34.0L540.0 144.0L700.0 34.0');
  expect(svg).toContain('<rect x="220.0" y="34" width="320.0" height="566" fill="#f1efe8"/>');
});
