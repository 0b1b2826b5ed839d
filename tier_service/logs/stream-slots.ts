// Who may follow a log upstream. There are only so many such streams at a time; where more are wanted, each has its turn.

export type StreamSlots = ReturnType<typeof createStreamSlots>;

export interface StreamSlot {
  /** Aborted when others wait and this one has had its turn; it is to be released then. */
  turnOver: AbortSignal;
  release(): void;
}

export interface StreamSlotsOptions {
  /** How many there are. */
  most: number;
  /** How long one may be held while others wait. */
  turnMs: number;
}

/** Makes slots, all of them free. */
export function createStreamSlots({ most, turnMs }: StreamSlotsOptions) {
  /** The holders, longest first. */
  const held = new Map<AbortController, number>();
  const waiting = new Set<(slot: StreamSlot) => void>();
  let timer: NodeJS.Timeout | undefined;

  function grant(take: (slot: StreamSlot) => void): void {
    const turn = new AbortController();
    held.set(turn, performance.now());
    take({
      turnOver: turn.signal,
      release() {
        if (held.delete(turn)) grantNext();
      },
    });
  }

  function grantNext(): void {
    for (const take of waiting) {
      if (held.size >= most) break;
      waiting.delete(take);
      grant(take);
    }
    endTurns();
  }

  /** Ends as many turns as there are who wait, each when its time is up. */
  function endTurns(): void {
    clearTimeout(timer);
    timer = undefined;
    let toEnd = waiting.size;
    for (const [turn, since] of held) {
      if (toEnd === 0) return;
      const leftMs = since + turnMs - performance.now();
      if (leftMs > 0) {
        timer = setTimeout(endTurns, leftMs + 1).unref();
        return;
      }
      toEnd--;
      turn.abort();
    }
  }

  return {
    /** Settles with a slot, in the order of asking; with undefined when the signal is aborted before. */
    acquire(signal: AbortSignal): Promise<StreamSlot | undefined> {
      const { promise, resolve } = Promise.withResolvers<StreamSlot | undefined>();
      if (signal.aborted) return Promise.resolve(undefined);
      const leave = () => {
        waiting.delete(take);
        resolve(undefined);
      };
      const take = (slot: StreamSlot) => {
        signal.removeEventListener('abort', leave);
        resolve(slot);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(take);
      grantNext();
      return promise;
    },
  };
}
