/** What the cards and the page of a model say alike. */
import type { ModelDescription } from '../api/predictions.ts';
import { epochOf } from '../parts/curve-points.ts';
import { formatBytes, formatCount, formatDay } from '../parts/format.ts';

/** The colour of a network: that of the tier which trains it. */
export function colourOfType(type: string): string {
  return { ff: '--free', cnn: '--premium' }[type] ?? '--accent';
}

/** The training curve's losses over the epochs, and how many epochs there were. */
export function lossCurve({ training_curve: curve }: ModelDescription) {
  const points = (curve ?? []).map((point) => ({ x: epochOf(point), y: point.loss }));
  return { points, epochs: curve?.at(-1)?.epoch ?? 0 };
}

/** When and how a model came to be, in one line. */
export function describeOrigin(model: ModelDescription): string {
  const { recipe } = model.provenance as { recipe?: { epochs?: number; seed?: number } | null };
  const epochs = recipe?.epochs && `${recipe.epochs} ${recipe.epochs === 1 ? 'epoch' : 'epochs'}`;
  const seed = recipe?.seed !== undefined && `seed ${recipe.seed}`;
  const made = [`made ${formatDay(new Date(model.created_at))}`, epochs, seed].filter(Boolean).join(', ');
  return [made, `${formatBytes(model.bytes)} ONNX`, `sha256 ${shortHash(model.sha256)}`].join(' · ');
}

function shortHash(hash: string): string {
  return `${hash.slice(0, 4)}…${hash.slice(-4)}`;
}

/** One group of facts about where a model comes from. */
export interface Facts {
  title: string;
  facts: { name: string; value: string }[];
}

/** Provenance as groups of facts, whatever it holds: its objects are groups, and what stands alone comes first. */
export function groupFacts(provenance: Record<string, unknown>): Facts[] {
  const entries = Object.entries(provenance).filter(([, value]) => value !== null && value !== undefined);
  const isGroup = (value: unknown) => typeof value === 'object' && !Array.isArray(value);
  const alone = entries.filter(([, value]) => !isGroup(value)).map(([name, value]) => factOf(name, value));
  const groups = entries
    .filter(([, value]) => isGroup(value))
    .map(([name, value]) => ({
      title: inWords(name),
      facts: Object.entries(value as object)
        .filter(([, inner]) => inner !== null && inner !== undefined)
        // Software goes by the names of its packages.
        .map(([inner, fact]) => (name === 'software' ? { name: inner, value: String(fact) } : factOf(inner, fact))),
    }));
  return [{ title: 'General', facts: alone }, ...groups].filter(({ facts }) => facts.length > 0);
}

function factOf(name: string, value: unknown): { name: string; value: string } {
  if (typeof value === 'number')
    return { name: inWords(name), value: value >= 10_000 ? formatCount(value) : `${value}` };
  if (typeof value === 'object')
    return {
      name: inWords(name),
      value: Object.entries(value as object)
        .map(([inner, fact]) => (Array.isArray(value) ? String(fact) : `${inWords(inner).toLowerCase()} ${fact}`))
        .join(', '),
    };
  return { name: inWords(name), value: String(value) };
}

function inWords(name: string): string {
  if (name === 'sha256') return 'SHA-256';
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
