// What a container is, besides the records of its runs: started and ready, or waiting, and for how long. Whoever learns
// something says so here; only this file decides what the container is then.
import { type BackOff, createBackOff } from './back-off.ts';

/** Why a container does not run, while it is to run. */
export interface Waiting {
  reason: string;
  message: string;
}

/** For so long a failed pull shows as such, before it shows that the next try is waited for. */
const pullErrorShownMs = 1_000;
const creationRetryMs = 2_000;

/** One container of a pod, from one try to the next. */
export class ContainerState {
  #waiting: Waiting | undefined;
  #started = false;
  #ready = false;
  /** Not to be tried before (ms of the clock that nobody sets). */
  #tryAt = 0;
  /** Since when it waits for what it waits for (ms of the same clock). */
  #waitingSince = 0;
  readonly #crashes: BackOff;
  readonly #pulls: BackOff;
  readonly #elapsedMs: () => number;

  /**
   * @param now epoch ms
   * @param elapsedMs of a clock that nobody sets
   */
  constructor(now = Date.now, elapsedMs = () => performance.now()) {
    this.#elapsedMs = elapsedMs;
    this.#crashes = createBackOff(now);
    this.#pulls = createBackOff(elapsedMs);
  }

  get waiting(): Waiting | undefined {
    return this.#waiting;
  }

  /** Its startup probe has succeeded, or it has none. */
  get started(): boolean {
    return this.#started;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** A new run was begun. */
  begin({ isRepetition }: { isRepetition: boolean }): void {
    if (isRepetition) this.#crashes.advance();
    this.enter();
  }

  /** Its program runs, or has ended: it waits for nothing, and nothing is known of it yet. */
  enter(): void {
    this.#waiting = undefined;
    this.#started = this.#ready = false;
  }

  markStarted(): void {
    this.#started = true;
  }

  markReady(isReady: boolean): void {
    this.#ready = isReady;
  }

  /** Its image is not available; the next try waits longer each time. */
  failPull(waiting: Waiting): void {
    this.#wait(waiting);
    this.#pulls.advance();
    this.#tryAt = this.#elapsedMs() + this.#pulls.remainingMs(this.#elapsedMs());
  }

  /** It cannot be made, e.g. because something that its configuration names is missing. */
  failCreation(waiting: Waiting): void {
    this.#wait(waiting);
    this.#tryAt = this.#elapsedMs() + creationRetryMs;
  }

  /**
   * How long the container still has to wait before it may be started, in ms; 0 when it may be now.
   * @param endedAt when its last run ended (epoch ms)
   * @param onBackOff told once when it comes to wait for the next try instead of for what failed: gives the message
   */
  hold(endedAt: number | undefined, onBackOff: (cause: 'crash' | 'pull', wait: string) => string): number {
    const leftMs = this.#tryAt - this.#elapsedMs();
    if (leftMs > 0) return this.#waiting?.reason === 'ErrImagePull' ? this.#holdPull(leftMs, onBackOff) : leftMs;
    const backOffMs = endedAt === undefined ? 0 : this.#crashes.remainingMs(endedAt);
    if (backOffMs > 0 && this.#waiting?.reason !== 'CrashLoopBackOff')
      this.#wait({ reason: 'CrashLoopBackOff', message: onBackOff('crash', this.#crashes.describe()) });
    return backOffMs;
  }

  #holdPull(leftMs: number, onBackOff: (cause: 'pull', wait: string) => string): number {
    const shownForMs = this.#elapsedMs() - this.#waitingSince;
    if (shownForMs < pullErrorShownMs) return Math.min(leftMs, pullErrorShownMs - shownForMs);
    this.#wait({ reason: 'ImagePullBackOff', message: onBackOff('pull', this.#pulls.describe()) });
    return leftMs;
  }

  #wait(waiting: Waiting): void {
    this.#waiting = waiting;
    this.#waitingSince = this.#elapsedMs();
  }
}
