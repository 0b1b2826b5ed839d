import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const css = readFileSync(path.join(import.meta.dirname, 'tokens.css'), 'utf8');
const found = [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)];
const tokens = new Map(found.map(([, name, light, dark]) => [name!, { light: light!, dark: dark! }]));

/** Text at 4.5 to 1, WCAG 2.2, 1.4.3; parts of controls at 3 to 1, 1.4.11. */
const texts: [string, string[]][] = [
  ['ink', ['bg', 'panel', 'accent-soft', 'grid']],
  ['soft', ['bg', 'panel']],
  ['quiet', ['bg', 'panel', 'grid']],
  ['accent', ['bg', 'panel', 'accent-soft']],
  ['on-accent', ['accent']],
  ['good', ['bg', 'panel', 'accent-soft']],
  ['bad', ['bg', 'panel', 'accent-soft']],
  ['warn', ['bg', 'panel', 'accent-soft']],
  ['free', ['bg', 'panel', 'accent-soft']],
  ['premium', ['bg', 'panel', 'accent-soft']],
];
const controls: [string, string[]][] = [
  ['control-line', ['bg', 'panel']],
  ['accent', ['bg', 'panel', 'grid']],
];

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  const pairs = (list: [string, string[]][]) =>
    list.flatMap(([front, backs]) => backs.map((back) => [front, back] as const));
  const contrast = (front: string, back: string) => {
    const [a, b] = [front, back].map((name) => luminance(tokens.get(name)![theme]));
    return (Math.max(a!, b!) + 0.05) / (Math.min(a!, b!) + 0.05);
  };

  test.each(pairs(texts))('%s can be read on %s', (front, back) => {
    expect(contrast(front, back)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(pairs(controls))('a control of %s is seen on %s', (front, back) => {
    expect(contrast(front, back)).toBeGreaterThanOrEqual(3);
  });
});

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r, g, b] = channels.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
