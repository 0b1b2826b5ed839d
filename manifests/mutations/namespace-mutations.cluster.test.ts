// Each bound of the namespaces is there for something: what it refuses is admitted as soon as it is gone. Tried in copies of
// the namespaces, at the API server itself.
import type { V1LimitRange, V1Namespace, V1ResourceQuota } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofKind, render } from '../testing/render.ts';
import { type Bounds, boundsOf, makeCopy, removeCopy } from './copies.ts';
import { oneTooMany, type Trial, takeOverNode, tooLarge, whatNobodyStates } from './trials.ts';

/** A limit as it is written; the client's own type has other names for its fields. */
type Limit = Record<'max' | 'default' | 'defaultRequest', Record<string, string> | undefined>;

const limitOf = ({ spec }: V1LimitRange) => spec!.limits[0] as unknown as Limit;

interface Row {
  /** The settings that are left out. */
  without: string[];
  trial: Trial;
  leaveOut: (bounds: Bounds) => void;
}

const enforce = 'pod-security.kubernetes.io/enforce';
const objects = await render('../base');
const names = ofKind<V1Namespace>(objects, 'Namespace').map(({ metadata }) => metadata!.name!);
const copies = new Set<string>();
afterAll(() => Promise.all([...copies].map(removeCopy)));

async function copy(bounds: Bounds): Promise<string> {
  const name = await makeCopy(bounds);
  copies.add(name);
  return name;
}

/** Settings that change nothing where they are left out, since what Kubernetes fills in is the same. */
function isFilledIn(range: V1LimitRange, field: 'default' | 'defaultRequest', resource: string): boolean {
  const limit = limitOf(range);
  const other = field === 'default' ? limit.max : limit.default;
  return limit[field]![resource] === other?.[resource];
}

function rowsOf(bounds: Bounds): Row[] {
  const [range] = ofKind<V1LimitRange>(bounds, 'LimitRange');
  const label: Row = {
    without: [enforce],
    trial: takeOverNode,
    leaveOut: (all) => delete ofKind<V1Namespace>(all, 'Namespace')[0]!.metadata!.labels![enforce],
  };
  const quotas = ofKind<V1ResourceQuota>(bounds, 'ResourceQuota').flatMap((quota) => {
    const { hard } = quota.spec!;
    return Object.keys(hard!).map((key): Row => {
      // Who asks for that much may take that much, too: where both are bounded alike, either bound refuses.
      const limit = key.replace('requests', 'limits');
      const without = key !== limit && hard![limit] === hard![key] ? [key, limit] : [key];
      const leaveOut = (all: Bounds) => {
        const copied = ofKind<V1ResourceQuota>(all, 'ResourceQuota').find(
          ({ metadata }) => metadata!.name === quota.metadata!.name,
        );
        for (const each of without) delete copied!.spec!.hard![each];
      };
      return { without, trial: oneTooMany(quota, key, range), leaveOut };
    });
  });
  const limits = (['max', 'default', 'defaultRequest'] as const).flatMap((field) =>
    (['cpu', 'memory'] as const).flatMap((resource): Row[] => {
      if (!range || (field !== 'max' && isFilledIn(range, field, resource))) return [];
      const leaveOut = (all: Bounds) => delete limitOf(ofKind<V1LimitRange>(all, 'LimitRange')[0]!)[field]![resource];
      return [
        {
          without: [`${field}.${resource}`],
          trial: field === 'max' ? tooLarge(range, resource) : whatNobodyStates,
          leaveOut,
        },
      ];
    }),
  );
  // What is counted comes last, since it is kept to fill the quota.
  const counts = quotas.filter(({ without: [key] }) => !/^(requests|limits)\./.test(key!));
  return [label, ...limits, ...quotas.filter((row) => !counts.includes(row)), ...counts];
}

describe.each(names)('in %s', (name) => {
  const bounds = boundsOf(objects, name).filter(({ kind }) => kind !== 'PodDisruptionBudget');
  const rows = rowsOf(bounds);
  let whole: string;
  const changed = new Map<Row, string>();
  beforeAll(async () => {
    whole = await copy(bounds);
    const making = rows.map(async (row) => {
      const without = structuredClone(bounds);
      row.leaveOut(without);
      changed.set(row, await copy(without));
    });
    await Promise.all(making);
  });

  test.each(rows)('something changes without $without', async (row) => {
    const { trial } = row;
    const [before, after] = [await trial(whole), await trial(changed.get(row)!)];
    expect(before).toMatch(
      trial === whatNobodyStates ? /^\{/ : /^refused: (violates PodSecurity|exceeded quota|maximum)/,
    );
    expect(after).not.toBe(before);
    if (trial !== whatNobodyStates) expect(after).toBe('admitted');
  });
});
