/** Runs the deployment's commands in this process, at a terminal that tests read and type at. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { KubernetesObject } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { cleanUpContext } from '../clean-up-context.ts';
import { deployToContext } from '../deploy-to-context.ts';
import { parseCleanupOptions, parseDeployOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';

/** How a command has gone. */
export interface Outcome {
  /** What it has shown, and what it has given or thrown in the end. */
  shown: string;
  failed: boolean;
}

/** What the user does meanwhile. */
export interface User {
  /** What is typed; without it, nobody is at the terminal. */
  types?: string;
  /** Presses Ctrl-C as soon as this is shown. */
  stopsAt?: string;
}

/** `npm run deploy -- ARGS`. */
export function runDeploy(args: string[], user: User = {}): Promise<Outcome> {
  return run((cancel, terminal) => deployToContext(parseDeployOptions(args)!, cancel, terminal), user);
}

/** `npm run cleanup -- ARGS`. */
export function runCleanup(args: string[], user: User = {}): Promise<Outcome> {
  return run((cancel, terminal) => cleanUpContext(parseCleanupOptions(args)!, cancel, terminal), user);
}

async function run(work: (cancel: AbortSignal, terminal: Terminal) => Promise<string>, user: User): Promise<Outcome> {
  const cancel = new AbortController();
  const input = new PassThrough();
  if (user.types !== undefined) input.write(user.types);
  let shown = '';
  const write = (text: string) => {
    shown += text;
    if (user.stopsAt !== undefined && shown.includes(user.stopsAt)) cancel.abort();
  };
  const terminal = { output: { write, isTerminal: false }, input, isInteractive: user.types !== undefined };
  return work(cancel.signal, terminal).then(
    (said) => ({ shown: shown + said, failed: false }),
    (error: Error) => ({ shown: shown + error.message, failed: true }),
  );
}

/** A folder for kustomizations, which is removed by what is given with it. */
export function newOverlayFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'overlay-test-'));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** Writes a kustomization of these objects; gives its folder. */
export function writeOverlay(folder: string, objects: KubernetesObject[]): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'objects.yaml'), objects.map((object) => stringify(object)).join('---\n'));
  writeFileSync(path.join(folder, 'kustomization.yaml'), stringify({ resources: ['objects.yaml'] }));
  return folder;
}
