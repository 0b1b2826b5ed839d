// The page as a visitor meets it: in a real browser, through Envoy, under a name that is not this machine's own.
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { startBrowser } from '../browser.ts';
import { site, siteHosts } from '../site.ts';

export { site };

export type Browser = Awaited<ReturnType<typeof startBrowser>>;

export function startPageBrowser(): Promise<Browser> {
  return startBrowser({ hosts: siteHosts });
}

/** How long what a page is about to show may take, on a machine that has other things to do; in milliseconds. */
export const soon = 60_000;

/** How wide windows are: a desk's, and a phone's. */
export const windows = { desk: { width: 1200, height: 900 }, phone: { width: 390, height: 844 } };

export interface OpenOptions {
  window?: keyof typeof windows;
  theme?: 'light' | 'dark';
}

/** A page that was opened, and all that went wrong on it since. */
export interface OpenPage {
  page: Page;
  faults: string[];
}

/** Opens the page at a path behind the `#`, e.g. `/classify`, until the test is over: each keeps connections. */
export async function openPage(
  context: BrowserContext,
  path: string,
  { window = 'desk', theme = 'light' }: OpenOptions = {},
): Promise<OpenPage> {
  const page = await context.newPage();
  page.setDefaultTimeout(soon);
  // Each open page holds connections, of which a browser has six for each host.
  onTestFinished(() => page.close());
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error}`));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    const { url } = message.location();
    faults.push(`console: ${message.text()} of ${url.startsWith(site.origin) ? url.slice(site.origin.length) : url}`);
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (!['data:', 'blob:'].includes(protocol) && host !== site.host) faults.push(`another host: ${request.url()}`);
  });
  await page.setViewportSize(windows[window]);
  await page.emulateMedia({ colorScheme: theme });
  await page.goto(`${site.origin}/#${path}`);
  return { page, faults };
}

/** A drawing as strokes of points on a field of 280 × 280. */
export type Strokes = [number, number][][];

/** A circle, or a part of it, as a stroke; angles in degrees, 0 on the right, clockwise. */
export function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): [number, number][] {
  const steps = 24;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / steps) * Math.PI) / 180;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

/** The ten digits as a hurried hand draws them. */
export const digits: Strokes[] = [
  [arc(140, 140, 52, 80, -80, 285)],
  [
    [
      [128, 80],
      [150, 62],
      [146, 222],
    ],
  ],
  [[...arc(138, 100, 48, 42, 190, 380), [86, 214], [206, 212]]],
  [[...arc(130, 98, 48, 38, 200, 440), ...arc(130, 178, 56, 44, -80, 150)]],
  [
    [
      [118, 60],
      [84, 156],
      [198, 152],
    ],
    [
      [172, 66],
      [160, 226],
    ],
  ],
  [[[192, 64], [108, 66], [100, 132], ...arc(136, 172, 54, 46, -120, 140)]],
  [[[172, 56], [112, 130], ...arc(138, 176, 44, 42, 190, 550)]],
  [
    [
      [80, 72],
      [200, 68],
      [126, 224],
    ],
  ],
  [[...arc(140, 98, 38, 36, 90, 450), ...arc(142, 178, 46, 44, -90, 270)]],
  [[...arc(136, 108, 42, 42, 0, -360), [182, 100], [172, 226]]],
];

/** Where the field to draw on is. */
export function fieldOf(page: Page): Locator {
  return page.getByRole('application', { name: 'Field to draw on' });
}

/** Draws with the mouse; `each` is called while the button is held down, at the end of each stroke. */
export async function draw(page: Page, strokes: Strokes, each = async () => {}): Promise<void> {
  const field = fieldOf(page);
  await field.scrollIntoViewIfNeeded();
  const { x: left, y: top, width } = (await field.boundingBox())!;
  const at = ([x, y]: [number, number]) => [left + (x / 280) * width, top + (y / 280) * width] as const;
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(...at(first!));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...at(point), { steps: 3 });
    await each();
    await page.mouse.up();
  }
}

/** What a network says: the part of the page that shows its answer. */
export function answerOf(page: Page, model: string): Locator {
  return page.getByRole('region', { name: new RegExp(`^${model} `) });
}
