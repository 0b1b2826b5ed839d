import { expect, test } from 'vitest';
import { sumOfCalls } from './api-calls.ts';

test('calls are added up, but for watches and what goes on by itself', () => {
  const metrics = [
    '# HELP apiserver_request_total Counter of apiserver requests',
    'apiserver_request_total{code="200",resource="pods",subresource="",verb="LIST",version="v1"} 7',
    'apiserver_request_total{code="201",resource="jobs",subresource="",verb="POST",version="v1"} 3',
    'apiserver_request_total{code="200",resource="pods",subresource="",verb="WATCH",version="v1"} 100',
    'apiserver_request_total{code="200",resource="leases",subresource="",verb="PUT",version="v1"} 200',
    'apiserver_request_total{code="200",resource="",subresource="/readyz",verb="GET",version=""} 400',
    'apiserver_request_terminations_total{code="200",resource="pods",verb="LIST"} 800',
  ].join('\n');
  expect(sumOfCalls(metrics)).toBe(10);
});
