import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PodRow, PodTable } from './pod-table.ts';

function row(namespace: string, name: string, status = 'Running'): PodRow {
  return { node: 'node-1', ip: '10.244.1.2', namespace, name, status };
}

function parse(table: PodTable): { pods: PodRow[] } {
  return JSON.parse(table.render().toString());
}

describe('the table of pods', () => {
  test('is valid JSON without pods', () => {
    expect(new PodTable().render().toString()).toBe('{"pods":[]}');
  });

  test('shows what is not known yet as null, and nothing but the five fields', () => {
    const table = new PodTable();
    table.set({ ...row('a', 'b', 'Pending'), node: null, ip: null, uid: 'x' } as PodRow);
    expect(table.render().toString()).toBe(
      '{"pods":[{"node":null,"ip":null,"namespace":"a","name":"b","status":"Pending"}]}',
    );
  });

  test('is in order of namespace, then name', () => {
    const table = new PodTable();
    for (const [namespace, name] of [
      ['b', 'a'],
      ['a-b', 'x'],
      ['a', 'z'],
      ['a', 'b'],
    ] as const)
      table.set(row(namespace, name));
    expect(parse(table).pods.map((pod) => [pod.namespace, pod.name])).toEqual([
      ['a', 'b'],
      ['a', 'z'],
      ['a-b', 'x'],
      ['b', 'a'],
    ]);
  });

  test('keeps its bytes while nothing that it shows changes', () => {
    const table = new PodTable();
    table.set(row('a', 'b'));
    const before = table.render();
    table.set(row('a', 'b'));
    table.delete('a', 'not-there');
    expect(table.render()).toBe(before);
    table.set(row('a', 'b', 'Succeeded'));
    expect(parse(table).pods).toEqual([row('a', 'b', 'Succeeded')]);
    expect(JSON.parse(before.toString()).pods).toEqual([row('a', 'b')]);
  });

  test('equals a sorted list made anew, after any changes, across many segments', () => {
    const change = fc.record({
      name: fc.integer({ min: 0, max: 2_000 }),
      phase: fc.constantFrom('Pending', 'Running', undefined),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4_000, size: 'max' }), (changes) => {
        const table = new PodTable();
        const model = new Map<string, PodRow>();
        for (const { name: number, phase } of changes) {
          const name = `pod-${String(number).padStart(4, '0')}`;
          if (phase) {
            table.set(row('n', name, phase));
            model.set(name, row('n', name, phase));
          } else {
            table.delete('n', name);
            model.delete(name);
          }
        }
        expect(parse(table).pods).toEqual([...model.keys()].sort().map((name) => model.get(name)));
      }),
      { numRuns: 15 },
    );
  });
});
