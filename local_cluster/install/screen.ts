/**
 * Shows several things going on at once: a block of lines that is redrawn on a terminal, and plain lines, not too
 * many, anywhere else.
 */

/** Where the lines go. */
export interface Output {
  write(text: string): void;
  /** Redraw instead of adding lines. */
  isTerminal: boolean;
  /** Columns of the terminal. */
  width?: number;
}

/** One thing that is going on. Exactly one of `end`, `warn` and `fail` is called, once. */
export interface Line {
  say(text: string): void;
  /** It is done; without a text it leaves no trace. */
  end(text?: string): void;
  /** It is done, but not as it should be. */
  warn(text: string): void;
  fail(text: string): void;
}

/** A block of lines. */
export interface Screen {
  begin(title: string): Line;
  close(): void;
}

const redrawMs = 200;
/** Elsewhere than on a terminal: how often each thing that goes on gives a sign of life. */
const signOfLifeMs = 3_000;

/** Writes to this process's standard output. */
export function standardOutput(): Output {
  const { stdout } = process;
  return {
    write: (text) => void stdout.write(text),
    isTerminal: stdout.isTTY === true && process.env.TERM !== 'dumb',
    width: stdout.columns,
  };
}

/** Makes a screen; `now` gives milliseconds and is there for tests. */
export function createScreen(output: Output, now: () => number = () => performance.now()): Screen {
  const running = new Map<symbol, { title: string; text: string; startedAt: number }>();
  let drawn = 0;

  const clear = () => {
    if (drawn > 0) output.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    const lines = [...running.values()].map(describe);
    for (const line of lines) output.write(`${fit(`… ${line}`, output.width)}\n`);
    drawn = lines.length;
  };
  // The time comes before the text, which a narrow terminal may cut.
  const describe = ({ title, text, startedAt }: { title: string; text: string; startedAt: number }) =>
    `${title} (${formatSeconds(now() - startedAt)})${text ? `: ${text}` : ''}`;
  const print = (line: string) => {
    if (output.isTerminal) clear();
    output.write(`${line}\n`);
    if (output.isTerminal) draw();
  };
  const refresh = () => {
    if (output.isTerminal) {
      clear();
      draw();
    } else {
      for (const entry of running.values()) output.write(`… ${describe(entry)}\n`);
    }
  };
  const timer = setInterval(refresh, output.isTerminal ? redrawMs : signOfLifeMs).unref();

  return {
    begin(title) {
      const key = Symbol(title);
      const entry = { title, text: '', startedAt: now() };
      running.set(key, entry);
      const close = (mark: string, text?: string) => {
        running.delete(key);
        const seconds = formatSeconds(now() - entry.startedAt);
        if (text !== undefined) print(`${mark} ${title}: ${text} (${seconds})`);
      };
      return {
        say: (text) => {
          entry.text = text;
        },
        end: (text) => close('✓', text),
        warn: (text) => close('!', text),
        fail: (text) => close('✗', text),
      };
    },
    close() {
      clearInterval(timer);
      if (output.isTerminal) clear();
    },
  };
}

/** `8.4 s` below ten seconds, `42 s` below two minutes, `3 min 20 s` above. */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function fit(line: string, width = 80): string {
  return line.length < width ? line : `${line.slice(0, width - 2)}…`;
}
