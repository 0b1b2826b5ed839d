// The programs that a benchmark starts are those of `npm start`: found, or installed the first time.
import { installSoftware, type Software } from '../../local_cluster/install/install.ts';

/** Finds or installs everything; how that goes is told on stderr, so that a report can be redirected into a file. */
export function findPrograms(): Promise<Software> {
  const { stderr } = process;
  return installSoftware({ output: { write: (text) => void stderr.write(text), isTerminal: false } });
}
