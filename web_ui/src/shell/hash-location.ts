/**
 * Where the page is: a path and parameters behind the `#`, since paths such as `/models` are the API's own. All of what is
 * on screen that a link should bring back is kept there.
 */
import { useMemo, useSyncExternalStore } from 'react';
import type { BaseLocationHook } from 'wouter';

const subscribe = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

/** The path behind the `#`, without parameters; `/` where there is none. */
export function pathOf(hash: string): string {
  return `/${hash.replace(/^#?\/*/, '').split('?')[0]}`;
}

/** The parameters behind the `#`. */
export function paramsOf(hash: string): URLSearchParams {
  return new URLSearchParams(hash.split('?').slice(1).join('?'));
}

/** For wouter: the path, and how to go to another. */
export const useHashPath: BaseLocationHook = () => [useSyncExternalStore(subscribe, () => pathOf(location.hash)), go];
(useHashPath as { hrefs?: (href: string) => string }).hrefs = (href) => `#${href}`;

/** The parameters, anew at each change. */
export function useHashParams(): URLSearchParams {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => paramsOf(hash), [hash]);
}

/** Goes to a path of the page, e.g. `/jobs/free/ID`; `replace` leaves no way back to where it was. */
export function go(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const before = location.href;
  history[replace ? 'replaceState' : 'pushState'](null, '', `#${to}`);
  dispatchEvent(new HashChangeEvent('hashchange', { oldURL: before, newURL: location.href }));
}

/** Sets parameters of the present path, without a step in the history; undefined or empty removes one. */
export function setHashParams(changes: Record<string, string | undefined>): void {
  const params = paramsOf(location.hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const text = params.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  go(pathOf(location.hash) + (text && `?${text}`), { replace: true });
}
