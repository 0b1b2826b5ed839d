import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { Router, useLocation } from 'wouter';
import { queryClient } from '../api/queries.ts';
import { FaultBoundary } from '../parts/fault-boundary.tsx';
import { Empty } from '../parts/states.tsx';
import { go, useHashPath } from './hash-location.ts';
import { Header } from './header.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { type Tab, tabs } from './tabs.ts';

/** The page: header, the tab that the address names, and the dialog for the API key. */
export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <Router hook={useHashPath}>
        <Layout />
      </Router>
    </QueryClientProvider>
  );
}

function Layout() {
  const [path] = useLocation();
  const tab = tabs.find(({ path: start }) => path === start || path.startsWith(`${start}/`));
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);

  useEffect(() => {
    if (path === '/') go(tabs[0]!.path, { replace: true });
  }, [path]);
  useEffect(() => {
    document.title = tab ? `${tab.title} · ML job mesh` : 'ML job mesh';
    // Whoever does not see that the tab has changed is brought to its beginning.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    if (tab) isFirst.current = false;
  }, [tab]);

  return (
    <>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header current={tab} />
      <main id="content" ref={main} tabIndex={-1}>
        {tab ? <Content key={tab.path} tab={tab} /> : path === '/' ? null : <Nowhere path={path} />}
      </main>
      <KeyDialog />
    </>
  );
}

function Content({ tab: { title, Content: Inside } }: { tab: Tab }) {
  return (
    <>
      <h1 className="visually-hidden">{title}</h1>
      <FaultBoundary>
        <Inside />
      </FaultBoundary>
    </>
  );
}

function Nowhere({ path }: { path: string }) {
  return (
    <>
      <h1 className="visually-hidden">Not found</h1>
      <Empty title="There is nothing here">
        No tab of this page is called <code>{path}</code>. Choose one above.
      </Empty>
    </>
  );
}
