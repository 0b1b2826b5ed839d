import { chooseTheme, type Theme, themes, useTheme } from '../theme/theme.ts';

const described: Record<Theme, { title: string; path: string }> = {
  system: { title: "the system's", path: 'M9 2a7 7 0 0 0 0 14z' },
  light: { title: 'light', path: '' },
  dark: { title: 'dark', path: 'M9 2a7 7 0 1 0 0 14a7 7 0 0 0 0-14z' },
};

/** Goes from the system's theme to light, to dark, and back. */
export function ThemeButton() {
  const theme = useTheme();
  const next = themes[(themes.indexOf(theme) + 1) % themes.length]!;
  const { title, path } = described[theme];
  const label = `Theme: ${title}. Change to ${described[next].title}`;
  return (
    <button type="button" className="icon-button" onClick={() => chooseTheme(next)} aria-label={label} title={label}>
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <circle cx="9" cy="9" r="7" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d={path} fill="currentColor" />
      </svg>
    </button>
  );
}
