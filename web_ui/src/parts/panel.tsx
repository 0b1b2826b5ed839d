import { type ReactNode, useId } from 'react';

interface PanelProps {
  title: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A panel with its small grey title, which names it for screen readers too. */
export function Panel({ title, className = '', children }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** The figure that matters, large, and what it is. */
export function Figure({ value, children }: { value: ReactNode; children: ReactNode }) {
  return (
    <div className="figure">
      <strong>{value}</strong>
      <span>{children}</span>
    </div>
  );
}
