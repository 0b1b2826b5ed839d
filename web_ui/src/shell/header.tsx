import './header.css';
import { Link } from 'wouter';
import { forgetKey, useKeyState } from '../api/api-key.ts';
import { ConnectionStatus } from './connection-status.tsx';
import { QueueStatus } from './queue-status.tsx';
import { type Tab, tabs } from './tabs.ts';
import { ThemeButton } from './theme-button.tsx';

/** Name, tabs, and on the right what concerns the whole page. */
export function Header({ current }: { current: Tab | undefined }) {
  const { key } = useKeyState();
  return (
    <header className="header">
      <div className="brand">
        <Mark />
        <span>ML job mesh</span>
      </div>
      <nav aria-label="Tabs">
        {tabs.map((tab) => (
          <Link key={tab.path} href={tab.path} aria-current={tab === current ? 'page' : undefined}>
            {tab.title}
          </Link>
        ))}
      </nav>
      <div className="header-status">
        <ConnectionStatus />
        <QueueStatus />
        {key !== undefined && (
          <button type="button" className="plain" onClick={forgetKey}>
            Forget API key
          </button>
        )}
        <ThemeButton />
      </div>
    </header>
  );
}

function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
      <path d="M8 6 14 10M8 16 14 12" className="mark-line" />
      <circle cx="5" cy="6" r="3" className="mark-free" />
      <circle cx="5" cy="16" r="3" className="mark-premium" />
      <circle cx="17" cy="11" r="3" className="mark-front" />
    </svg>
  );
}
