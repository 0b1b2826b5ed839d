interface GaugeProps {
  /** What is measured, for screen readers. */
  label: string;
  /** In words, e.g. `0.97 of 2 CPU`. */
  text: string;
  /** From 0; beyond 1 where more is asked for than there is. */
  share: number;
  /** How many parts it is drawn in; one bar if left out. */
  parts?: number;
}

/** How much of something is used. */
export function Gauge({ label, text, share, parts = 1 }: GaugeProps) {
  const shown = Math.min(1, Math.max(0, share));
  const filled = Math.round(shown * parts);
  return (
    // A <meter> cannot be drawn in parts, nor in other colours in every browser.
    // biome-ignore lint/a11y/useSemanticElements: see above
    <div
      className={`gauge ${share >= 1 ? 'full' : ''}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={1}
      aria-valuenow={shown}
      aria-valuetext={text}
    >
      {parts === 1 ? (
        <i className="bar" style={{ inlineSize: `${shown * 100}%` }} />
      ) : (
        Array.from({ length: parts }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
          <i key={index} className={index < filled ? 'on' : ''} />
        ))
      )}
    </div>
  );
}
