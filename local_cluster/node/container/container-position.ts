/** An `init` container ends before the next one starts; a `sidecar` is an init container that is always restarted. */
export type ContainerKind = 'init' | 'sidecar' | 'main';

/** Where one container is, for the plan of its pod. */
export interface ContainerPosition {
  name: string;
  kind: ContainerKind;
  state: 'none' | 'active' | 'ended';
  /** Active, and its startup probe (if any) has succeeded. */
  started: boolean;
  /** Of the last run, when it has ended. */
  exitCode?: number | undefined;
}
